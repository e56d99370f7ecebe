"""What an owner may say of a subscription, field by field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from city.identity.caller import Caller
from city.webhooks.ears import Ears
from contracts.errors import Refused

_TYPE: Final = re.compile(r"[a-z_]+(\.[a-z_]+)*(\.\*)?|\*")
_MOST_TYPES: Final = 40
_TITLE: Final = 120
_REASON: Final = 300
_PARALLEL: Final = 16
_ALL: Final = "*"


def types(given: Sequence[str], ears: Ears, by: Caller) -> tuple[str, ...]:
    """Types as they are kept: all that the caller may hear where he names none. Raises Refused."""
    if len(given) > _MOST_TYPES:
        raise Refused(
            "types", len(given), f"at most {_MOST_TYPES}; a pattern such as incident.* takes several"
        )
    for pattern in given:
        if not _TYPE.fullmatch(pattern):
            raise Refused("types", pattern, "names such as alert.firing, or incident.*")
        missing = ears.missing(pattern, by.may) if pattern != _ALL else []
        if missing == [""]:
            raise Refused("types", pattern, "no such events leave the platform")
        if missing:
            raise Refused("types", pattern, f"you need {', '.join(missing)}")
    wanted = ears.patterns(by.may) if not given or _ALL in given else tuple(dict.fromkeys(given))
    if not wanted:
        raise Refused("types", "", "you may hear of no events: ask for a role")
    return wanted


def title(given: str) -> str:
    """What it is for. Raises Refused."""
    return _line("title", given, _TITLE)


def reason(given: str) -> str:
    """Why it is paused. Raises Refused."""
    return _line("reason", given, _REASON)


def parallel(given: int) -> int:
    """Requests at once. Raises Refused."""
    if not 1 <= given <= _PARALLEL:
        raise Refused("parallel", given, f"1 to {_PARALLEL}")
    return given


def position(given: int) -> int:
    """Place in the outbox. Raises Refused."""
    if given < 0:
        raise Refused("after", given, "a position, 0 for all that is kept")
    return given


def _line(field: str, given: str, most: int) -> str:
    if len(given) > most or not given.isprintable():
        raise Refused(field, given, f"at most {most} characters on one line")
    return given
