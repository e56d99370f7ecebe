"""What a device should be like, and what it says it is: desired and reported state, and their difference.

Only the desk writes what is desired, in versions; only the device what is reported. A key that is not desired
is the device's own affair. The difference knows its age and its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from contracts.errors import Refused
from contracts.settables import KEYS, Value, check
from contracts.topics import Kind

MOST: Final = 64  # keys of one device
LARGEST: Final = 32_768  # bytes of a message
Instant = Annotated[int, msgspec.Meta(ge=0, le=2**62)]  # µs UTC
Version = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 2)]
Name = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9-]{0,39}$")]
Reason = Annotated[str, msgspec.Meta(max_length=300)]


class Desired(msgspec.Struct, frozen=True, kw_only=True):
    """Payload of `shadow/desired`, retained: how the device should be."""

    version: Version  # 1, 2, 3 …: the greater one is newer
    values: Annotated[dict[Name, Value], msgspec.Meta(max_length=MOST)]
    time: Instant  # µs UTC by the desk's clock


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """Payload of `shadow/reported`, retained: how the device is."""

    version: Version  # of the desired state that it has dealt with; 0: none yet
    values: Annotated[dict[Name, Value], msgspec.Meta(max_length=MOST)]  # what holds now
    refused: Annotated[
        dict[Name, Reason], msgspec.Meta(max_length=MOST)
    ] = {}  # desired key → why it does not
    epoch: Instant = 0  # which start of the agent; of equal times the greater one is newer
    time: Instant  # µs UTC by the device's clock


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One key that is not as it should be."""

    key: str
    desired: Value
    reported: Value | None  # None: the device says nothing of it
    since: int  # µs UTC since when it should be so
    age: int  # µs
    reason: str  # waiting, unseen, refused, differs: what kind of difference it is
    why: str  # for people: the device's own reason where it has one


def delta(
    values: Mapping[str, Value],
    since: Mapping[str, int],
    *,
    version: int,
    reported: Reported | None,
    now: int,
) -> tuple[Difference, ...]:
    """What a device lacks of what is desired, by key. `since`: since when each key should be so (µs UTC)."""
    found: list[Difference] = []
    for key in sorted(values):
        held = reported.values.get(key) if reported else None
        seen = reported.version if reported else 0
        refused = reported.refused.get(key) if reported else None
        if held is not None and same(held, values[key]):
            continue
        reason, why = _reason(reported, seen, version, refused)
        start = since.get(key, now)
        found.append(
            Difference(
                key=key,
                desired=values[key],
                reported=held,
                since=start,
                age=max(0, now - start),
                reason=reason,
                why=why,
            )
        )
    return tuple(found)


def _reason(reported: Reported | None, seen: int, version: int, refused: str | None) -> tuple[str, str]:
    if reported is None:
        return "unseen", "the device has reported nothing yet"
    if seen < version:
        return "waiting", f"the device has dealt with version {seen} of {version}"
    if refused is not None:
        return "refused", refused
    return "differs", "the device says otherwise"


def same(one: Value, other: Value) -> bool:
    """Whether two values are the same: 3 is 3.0, but 1 is not true."""
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return one == other


def checked(kind: Kind, values: Mapping[str, Any]) -> dict[str, Value]:
    """Values that this kind of device may be given. Raises Refused naming the key."""
    if len(values) > MOST:
        raise Refused("values", len(values), f"at most {MOST} keys")
    known = KEYS.get(kind, {})
    found: dict[str, Value] = {}
    for name, value in values.items():
        key = known.get(name)
        if key is None:
            raise Refused(name, value, f"{kind} has no such key; it has {', '.join(known) or 'none'}")
        found[name] = check(key, value)
    return found


_desired: Final = msgspec.json.Decoder(Desired)
_reported: Final = msgspec.json.Decoder(Reported)
_TROUBLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def encode(record: Desired | Reported) -> bytes:
    """Desired or reported state → JSON. Raises Refused where it is too large."""
    payload = msgspec.json.encode(record)
    if len(payload) > LARGEST:
        raise Refused("values", f"{len(payload)} bytes", f"at most {LARGEST} bytes")
    return payload


def decode_desired(payload: bytes) -> Desired:
    """JSON → desired state. Raises Refused."""
    found: Desired = _decode(_desired, payload)
    return found


def decode_reported(payload: bytes) -> Reported:
    """JSON → reported state. Raises Refused."""
    found: Reported = _decode(_reported, payload)
    return found


def _decode(decoder: msgspec.json.Decoder[Any], payload: bytes) -> Any:
    if len(payload) > LARGEST:
        raise Refused("shadow", f"{len(payload)} bytes", f"at most {LARGEST} bytes")
    try:
        return decoder.decode(payload)
    except _TROUBLE as error:
        raise Refused("shadow", payload[:120], str(error)) from None
