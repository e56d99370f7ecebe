"""Sketches of visitors: what a device sends instead of who was there.

A sketch is a HyperLogLog of Apache DataSketches over hashes that the day's site key made. It merges without
counting anybody twice, and says how many there were. It travels as a SenML data value of the metric METRIC.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from contracts import hyperloglog, sitekeys
from contracts.errors import Refused
from contracts.instants import HOUR, MINUTE, floor
from contracts.series import LARGEST_VALUE, Data
from contracts.topics import name

METRIC: Final = "visitors.sketch"
LG_K: Final = (
    14  # 16,384 registers: standard error 0.8 % after a merge; as HLL_4 it fits a data value, 15 would not
)
FORM: Final = 1


class Subject(StrEnum):
    """What is counted: the instance of the metric."""

    STATIONS = "stations"  # addresses of associated Wi-Fi clients
    USERS = "users"  # names by which people signed in (RADIUS)


class Sketch(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What one device saw in one interval of one hour."""

    form: int = FORM
    site: str
    day: str  # local date of the key
    key: str  # id of the site key, never the key
    start: int  # µs UTC; start ≤ seen < end
    end: int
    subject: Subject
    body: bytes  # the HyperLogLog, compact HLL_4

    @property
    def hour(self) -> int:
        """The hour that it belongs to (µs UTC at its start)."""
        return floor(self.start, HOUR)


_decoder: Final = msgspec.msgpack.Decoder(Sketch)


def encode(sketch: Sketch) -> Data:
    """Sketch → data value."""
    return Data(msgspec.msgpack.encode(sketch))


def decode(value: Data) -> Sketch:
    """Data value → sketch whose every byte was checked. Raises Refused, which shows nothing of it."""
    if len(value.raw) > LARGEST_VALUE:
        raise Refused("sketch", f"{len(value.raw)} bytes", f"at most {LARGEST_VALUE}")
    try:
        sketch = _decoder.decode(value.raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Refused("sketch", f"{len(value.raw)} bytes", "not a sketch") from None
    _check(sketch)
    hyperloglog.check(sketch.body, LG_K)
    return sketch


def check(value: Data, *, site: str, instance: str) -> None:
    """Refuse what a device of this site may not say under this instance of the metric. Raises Refused."""
    sketch = decode(value)
    if sketch.site != site:
        raise Refused("sketch.site", sketch.site, f"the device stands in {site}")
    if sketch.subject != instance:
        raise Refused("sketch.subject", sketch.subject, f"the metric's instance is {instance or '(none)'}")


def within(payload: bytes) -> bool:
    """Whether a payload may hold a sketch: then it is shown to nobody."""
    return METRIC.encode() in payload


def _check(sketch: Sketch) -> None:
    if sketch.form != FORM:
        raise Refused("sketch.form", sketch.form, f"{FORM} is understood here")
    name("sketch.site", sketch.site)
    sitekeys.key_id(sketch.key)
    first, last = sitekeys.bounds(sketch.day)
    length = sketch.end - sketch.start
    if not (MINUTE <= length <= HOUR and HOUR % length == 0 and sketch.start % length == 0):
        raise Refused(
            "sketch.start", sketch.start, "an interval is an even part of an hour, at least a minute"
        )
    if not first <= sketch.start < last:
        raise Refused("sketch.day", sketch.day, "the interval lies in another day")
