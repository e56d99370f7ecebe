"""What is told of a site's visitors: series that the store merged of sketches, and their state."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from contracts.sketches import Subject

LEAST: Final = 5  # fewer are not shown
DEVICE: Final = "visitors"  # under which a site's figures stand; its kind is `city`
METRICS: Final = {Subject.STATIONS: "visitors.unique", Subject.USERS: "visitors.users"}
STATE: Final = "visitors.state"  # instance `stations.hour`, …; its value is Told as JSON
HOUR: Final = "hour"  # instances of the metrics
DAY: Final = "day"


class State(StrEnum):
    """How a figure is to be read."""

    COUNTED = "counted"
    SUPPRESSED = "suppressed"  # fewer than LEAST: no figure
    KEY_CHANGED = "key-changed"  # at least so many: a visitor may be in several parts, so nobody adds them up


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one key counted."""

    key: str  # its id
    value: float
    low: float
    high: float


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """State of a site's hour or day."""

    state: State
    devices: int  # that counted
    keys: int = 1
    parts: tuple[Part, ...] = ()  # where the key changed; those below LEAST are left out


_decoder: Final = msgspec.json.Decoder(Told)


def told(text: object) -> Told | None:
    """A value of STATE → record; None where it is none."""
    try:
        return _decoder.decode(text) if isinstance(text, str) else None
    except msgspec.MsgspecError:
        return None
