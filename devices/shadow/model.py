"""A device's shadow as the desk keeps it, and how it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from contracts import shadow
from contracts.roster import Entry
from contracts.settables import Value
from contracts.shadow import Desired, Difference, Reported
from contracts.topics import Device, Kind

PERSON: Final = ""  # source of a version that somebody asked for
HEALED: Final = "healed"  # the device knew a newer one: the desk's database is older than it


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """Desired and reported state of one device."""

    device: str
    site: str
    kind: Kind
    version: int  # of what is desired; 0: nothing yet
    values: dict[str, Value]
    since: dict[str, int]  # key → µs UTC since when it should be so
    changed: int  # µs UTC
    by: str  # id of who changed it last
    by_name: str
    why: str
    reported: Reported | None = None
    heard: int | None = None  # µs UTC by our clock: the report came

    @property
    def address(self) -> Device:
        """The device's place in the topic grammar."""
        return Device(site=self.site, kind=self.kind, device=self.device)

    @property
    def settled(self) -> bool:
        """Whether the device has dealt with the newest version and is as it should be."""
        known = self.reported
        if known is None or known.version < self.version:
            return self.version == 0
        return all(
            key in known.values and shadow.same(known.values[key], value)
            for key, value in self.values.items()
        )

    def desired(self) -> Desired:
        """What the device gets."""
        return Desired(version=self.version, values=self.values, time=self.changed)

    def delta(self, now: int) -> tuple[Difference, ...]:
        """What it lacks of what is desired."""
        return shadow.delta(self.values, self.since, version=self.version, reported=self.reported, now=now)


class Told(Shadow, frozen=True, kw_only=True):
    """A shadow with what differs, as the API shows it."""

    differences: tuple[Difference, ...]


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of what was desired."""

    version: int
    values: dict[str, Value]
    time: int  # µs UTC
    by: str
    by_name: str
    why: str
    source: str = PERSON  # id of the rollout; empty: a person; healed


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One key that differs between two versions; None: it is not desired there."""

    key: str
    before: Value | None
    after: Value | None


def new(entry: Entry) -> Shadow:
    """Of a device of which nothing is desired yet."""
    return Shadow(
        device=entry.device,
        site=entry.site,
        kind=entry.kind,
        version=0,
        values={},
        since={},
        changed=0,
        by="",
        by_name="",
        why="",
    )


def wished(old: Shadow, values: dict[str, Value], now: int, *, by: str, by_name: str, why: str) -> Shadow:
    """The shadow with these values desired, as its next version."""
    since = {
        key: old.since.get(key, now) if key in old.values and shadow.same(old.values[key], value) else now
        for key, value in values.items()
    }
    return msgspec.structs.replace(
        old,
        version=old.version + 1,
        values=values,
        since=since,
        changed=now,
        by=by,
        by_name=by_name,
        why=why,
    )


def merged(values: Mapping[str, Value], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Values after a patch (RFC 7396 at the top level): null takes a key away."""
    return {key: value for key, value in {**values, **patch}.items() if value is not None}


def changes(before: Mapping[str, Value], after: Mapping[str, Value]) -> tuple[Change, ...]:
    """What differs, by key."""
    found = []
    for key in sorted({*before, *after}):
        one, other = before.get(key), after.get(key)
        if one is None or other is None or not shadow.same(one, other):
            found.append(Change(key=key, before=one, after=other))
    return tuple(found)


def heard(old: Shadow, reported: Reported, now: int) -> Shadow | None:
    """The shadow with what the device reports; None where it is of an earlier start of its agent."""
    if old.reported is not None and reported.epoch < old.reported.epoch:
        return None
    return msgspec.structs.replace(old, reported=reported, heard=now)
