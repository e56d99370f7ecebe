"""JSON pointers (RFC 6901) into documents of strangers."""

from __future__ import annotations

from typing import Any, Final

from contracts.errors import Refused

_DIGITS: Final = 6  # of a list's index; no message holds more entries


def parts(pointer: str) -> list[str]:
    """The steps of a pointer; none where it is empty: the whole document. Raises Refused."""
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise Refused("pointer", pointer, "a JSON pointer starts with /")
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]


def find(document: Any, pointer: str) -> Any:
    """Value at a pointer, or None where there is none."""
    here = document
    for part in parts(pointer):
        if isinstance(here, dict):
            here = here.get(part)
        elif isinstance(here, list) and _index(part) and int(part) < len(here):
            here = here[int(part)]
        else:
            return None
    return here


def _index(part: str) -> bool:
    return part.isdecimal() and part.isascii() and len(part) <= _DIGITS and (part == "0" or part[0] != "0")
