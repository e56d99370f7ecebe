"""A fleet, its clock, and devices that speak while they live."""

from __future__ import annotations

from contracts.instants import SECOND
from contracts.presence import Reason, State
from contracts.roster import Entry
from contracts.status import Status
from contracts.topics import Kind
from devices.presence.fleet import Finding, Fleet
from devices.presence.settings import Settings

START = 1_795_536_000_000_000
SETTINGS = Settings()


def entry(number: int, site: str = "bima", kind: Kind = Kind.KIOSK, **more: object) -> Entry:
    return Entry(device=f"{kind}-{number}", kind=kind, site=site, **more)  # type: ignore[arg-type]


def said(state: str, epoch: int = 1, connection: int = 1, reason: str = "") -> Status:
    return Status(state=state, since=START, epoch=epoch, version="1", reason=reason, connection=connection)  # type: ignore[arg-type]


class City:
    """A fleet and its clock; `live` devices speak each ten seconds."""

    def __init__(self, *entries: Entry, settings: Settings = SETTINGS) -> None:
        self.now = START
        self.entries = list(entries)
        self.fleet = Fleet(settings, now=self.now)
        self.fleet.know(self.entries, self.now)
        self.live: set[str] = set()
        self.found: list[Finding] = []

    def join(self, *devices: str, epoch: int = 1, connection: int = 1) -> None:
        for device in devices:
            self.fleet.status(device, said("online", epoch, connection), self.now)
            self.live.add(device)

    def lose(self, *devices: str, epoch: int = 1, connection: int = 1, reason: str = "lost") -> None:
        for device in devices:
            self.fleet.status(device, said("offline", epoch, connection, reason), self.now)
            self.live.discard(device)

    def pass_(self, seconds: int, *, deaf: bool = False, step: int = 5) -> list[Finding]:
        found: list[Finding] = []
        for _ in range(seconds // step):
            self.now += step * SECOND
            if not deaf:
                for device in self.live:
                    self.fleet.data(device, self.now - SECOND, self.now)
            found += self.fleet.tick(self.now, deaf=deaf)[1]
        self.found += found
        return found

    def state(self, device: str) -> tuple[State, Reason]:
        track = self.fleet.tracks[device]
        return track.state, track.reason


def briefly(found: list[Finding]) -> list[tuple[str, str, str]]:
    return [(one.verdict.value, one.why.value, one.device or one.site) for one in found]
