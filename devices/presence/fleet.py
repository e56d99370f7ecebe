"""All devices together: who changed, and of what alerts is to hear: a site instead of each of its devices."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from contracts.instants import MINUTE, SECOND
from contracts.judgements import Verdict
from contracts.presence import Presence, Reason, State
from contracts.roster import Entry, Producer
from contracts.status import Status
from devices.presence.settings import Settings
from devices.presence.track import Track

_SWALLOWED: Final = 5 * MINUTE  # a device's trouble this young belongs to the outage of its site


class Why(StrEnum):
    """What a finding is about."""

    OFFLINE = "offline"
    FLAPPING = "flapping"
    SITE = "site"
    BACK = "back"
    GONE = "gone"  # no device of the roster any more
    SWALLOWED = "swallowed"  # its site is told of instead


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What alerts is to hear."""

    verdict: Verdict
    why: Why
    site: str
    device: str = ""  # empty: the site
    reason: Reason = Reason.NONE
    since: int  # µs UTC: since when it is so
    down: int = 0  # of a site: devices that are offline
    of: int = 0  # of so many


class Site:
    """What is known of a site."""

    __slots__ = ("bad", "down", "good", "members", "raised")

    def __init__(self) -> None:
        self.members = self.down = 0
        self.bad = self.good = 0  # µs UTC: since when it is; 0: it is not
        self.raised = 0


class Fleet:
    """Everything that is known, in memory. `tick` says what follows."""

    def __init__(self, settings: Settings, *, now: int) -> None:
        self.tracks: dict[str, Track] = {}
        self.sites: dict[str, Site] = {}
        self.stale = 0  # last words that came late
        self._settings = settings
        self._floor = now
        self._deaf = False

    def know(self, entries: Iterable[Entry], now: int) -> list[Finding]:
        """Take the roster as it is now; what is no longer in it is forgotten, and cleared."""
        found: list[Finding] = []
        known = {entry.device: entry for entry in entries}
        for device, track in list(self.tracks.items()):
            entry = known.pop(device, None)
            if track.raised and (entry is None or entry.site != track.entry.site):
                found.append(_cleared(track, Why.GONE, now))
            if entry is None:
                del self.tracks[device]
            else:
                track.entry = entry
        self.tracks |= {device: Track(entry, since=now) for device, entry in known.items()}
        return found

    def meet(self, entry: Entry, now: int) -> None:
        """A device of the roster that speaks before the roster was looked at."""
        if entry.device not in self.tracks and not isinstance(entry, Producer):
            self.tracks[entry.device] = Track(entry, since=now)

    def status(self, device: str, status: Status, now: int) -> None:
        """A device's word, or its last will."""
        track = self.tracks.get(device)
        if track is not None and not track.status(status, now):
            self.stale += 1

    def data(self, device: str, sample: int, now: int) -> None:
        """Ingest accepted samples of a device, the newest of this time."""
        track = self.tracks.get(device)
        if track is not None:
            track.data(sample, now)

    def tick(self, now: int, *, deaf: bool) -> tuple[list[Presence], list[Finding]]:
        """Who changed, and what alerts is to hear. `deaf`: ingest says nothing, so silence means nothing."""
        if self._deaf and not deaf:
            self._floor = now
        self._deaf = deaf
        changed = {
            device: track for device, track in self.tracks.items() if self._judge(track, now, deaf=deaf)
        }
        findings = self._sites(now)
        findings += [one for track in self.tracks.values() if (one := self._device(track, now))]
        changed |= {one.device: self.tracks[one.device] for one in findings if one.device}
        return [self.shown(track, now) for track in changed.values()], findings

    def shown(self, track: Track, now: int) -> Presence:
        """A device as others see it."""
        return track.shown(now, flapping=self._flaps(track, now))

    def _judge(self, track: Track, now: int, *, deaf: bool) -> bool:
        late, offline = self._settings.patience(track.entry.kind)
        state, reason = track.judge(now, late, offline, floor=self._floor, deaf=deaf)
        return track.turn(state, reason, now)

    def _flaps(self, track: Track, now: int) -> bool:
        return track.flapping(now, self._settings.flaps, self._settings.window)

    def _sites(self, now: int) -> list[Finding]:
        for site in self.sites.values():
            site.members = site.down = 0
        for track in self.tracks.values():
            if track.state is State.NEVER or track.entry.maintained(now):
                continue
            site = self.sites.setdefault(track.entry.site, Site())
            site.members += 1
            site.down += track.state is State.OFFLINE
        return [one for name, site in self.sites.items() if (one := self._site(name, site, now))]

    def _site(self, name: str, site: Site, now: int) -> Finding | None:
        settings = self._settings
        if site.members >= settings.least and site.down > settings.share * site.members:
            site.bad, site.good = site.bad or now, 0
        else:
            site.bad, site.good = 0, site.good or now
        if not site.raised and site.bad and now - site.bad >= settings.site_hold * SECOND:
            site.raised = now
            return Finding(
                verdict=Verdict.RAISED,
                why=Why.SITE,
                site=name,
                since=site.bad,
                down=site.down,
                of=site.members,
            )
        if site.raised and site.good and now - site.good >= settings.calm * SECOND:
            site.raised = 0
            return Finding(
                verdict=Verdict.CLEARED,
                why=Why.BACK,
                site=name,
                since=site.good,
                down=site.down,
                of=site.members,
            )
        return None

    def _device(self, track: Track, now: int) -> Finding | None:
        site = self.sites.get(track.entry.site)
        swallowed = site is not None and (site.raised or site.bad)
        if not track.raised:
            why = self._trouble(track, now)
            if why is None or swallowed or track.entry.maintained(now):
                return None
            track.raised = now
            return _raised(track, why)
        if site is not None and site.raised and now - track.raised < _SWALLOWED:
            return _cleared(track, Why.SWALLOWED, now)
        back = track.state in _BACK and now - track.since >= self._settings.calm * SECOND
        return _cleared(track, Why.BACK, now) if back and not self._flaps(track, now) else None

    def _trouble(self, track: Track, now: int) -> Why | None:
        if self._flaps(track, now):
            return Why.FLAPPING
        hold = self._settings.stopped if track.reason is Reason.STOPPED else self._settings.hold
        if track.state is State.OFFLINE and now - track.since >= hold * SECOND:
            return Why.OFFLINE
        return None


_BACK: Final = frozenset({State.ONLINE, State.LATE})


def _raised(track: Track, why: Why) -> Finding:
    return Finding(
        verdict=Verdict.RAISED,
        why=why,
        site=track.entry.site,
        device=track.entry.device,
        reason=track.reason,
        since=track.since,
    )


def _cleared(track: Track, why: Why, now: int) -> Finding:
    track.raised = 0
    return Finding(
        verdict=Verdict.CLEARED,
        why=why,
        site=track.entry.site,
        device=track.entry.device,
        reason=track.reason,
        since=track.since if why is Why.BACK else now,
    )
