"""What an operator may set of presence. Times in seconds."""

from __future__ import annotations

import msgspec

from contracts.topics import Kind

_BATTERY = 7_200.0  # seconds: a sensor on a battery speaks each hour


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[presence]`."""

    producer: str = "presence"  # under which its judgements come
    late: float = 90.0  # without data a device is late
    offline: float = 300.0  # and then offline, whatever the broker says
    seldom: dict[Kind, float] = {}  # late after so long, offline after three times that; sensors: 2 hours
    hold: float = 30.0  # a device is offline for so long before alerts hears of it
    stopped: float = 600.0  # the same where it said goodbye: a restart, an update
    calm: float = 60.0  # it is back for so long before that is over
    flaps: int = 5  # losses within `window` that make one trouble of a device that comes and goes
    window: float = 900.0
    share: float = 0.5  # of a site's devices; when more are offline the site is, not each of them
    least: int = 3  # devices of a site of which a share is taken
    site_hold: float = 10.0  # for so long before alerts hears of a site
    deaf: float = 30.0  # without a word from ingest nothing is concluded from silence
    tick: float = 1.0
    keep_days: float = 90.0  # of each device's changes

    def __post_init__(self) -> None:
        for name in (
            "late",
            "offline",
            "hold",
            "stopped",
            "calm",
            "window",
            "site_hold",
            "deaf",
            "tick",
            "keep_days",
        ):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: more than 0 (got {getattr(self, name)})")
        if self.offline <= self.late:
            raise ValueError(f"offline: more than late ({self.late:g} s)")
        if not 0 < self.share < 1 or self.least < 2 or self.flaps < 2:
            raise ValueError("share: between 0 and 1; least and flaps: at least 2")

    def patience(self, kind: Kind) -> tuple[float, float]:
        """Seconds without data after which a device of a kind is late, and offline."""
        late = {Kind.SENSOR: _BATTERY, **self.seldom}.get(kind)
        return (self.late, self.offline) if late is None else (late, 3 * late)
