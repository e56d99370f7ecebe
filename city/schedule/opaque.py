"""What may stand in clear in tables: ids, numbers and times of ours, nothing about a person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from contracts.errors import Refused

_ID: Final = re.compile(r"[\w.:/-]{0,120}")
_NUMBER: Final = re.compile(r"0\d{8,12}|\+?62\d{8,12}|\d{16}|\d{18}")  # phones, NIK and KK, NIP
_MOST: Final = 2_000  # bytes of JSON
Value = str | int | bool | None


def text(field: str, value: str) -> str:
    """The text where it may be an id. Raises Refused: names and numbers of people have no place here."""
    if not _ID.fullmatch(value) or _NUMBER.fullmatch(value):
        raise Refused(field, "(hidden)", "is no id: keep what tells of a person in its own record, sealed")
    return value


def payload(field: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """The values where each may be an id, a time or a switch. Raises Refused."""
    for name, value in values.items():
        if isinstance(value, str):
            text(f"{field}.{name}", value)
    if len(msgspec.json.encode(values)) > _MOST:
        raise Refused(
            field, "(hidden)", f"is longer than {_MOST} bytes: keep it in a record, and name its id"
        )
    return dict(values)
