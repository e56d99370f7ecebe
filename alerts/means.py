"""What an alert's life among people takes besides the database; app hands it to each process."""

from __future__ import annotations

import msgspec

from alerts.settings import Settings
from city.audit import Trail
from city.schedule import Clocks
from contracts.roster import Reader


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """Without clocks nothing happens by itself but by the sweep; what one would do later is done at once."""

    settings: Settings = Settings()
    clocks: Clocks | None = None
    roster: Reader | None = None  # planned work on devices
    rulebook: bool = False  # whether only rules act that the book says are active
    trail: Trail | None = None  # who did what to silences and calendars


BARE = Means()
