"""Settings of TANGI's desk."""

from __future__ import annotations

import msgspec

from contracts.errors import Refused
from programmes.tangi.model import Priority


class Due(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Within which time someone must have an incident in hand, in seconds, by its priority."""

    p1: float = 60.0
    p2: float = 300.0
    p3: float = 1_800.0
    p4: float = 14_400.0
    office: tuple[Priority, ...] = (Priority.P4,)  # priorities whose time passes while offices are open
    remind: float = 0.75  # share of the time after which whoever should act is reminded

    def __post_init__(self) -> None:
        for name in ("p1", "p2", "p3", "p4"):
            if not 1 <= getattr(self, name) <= 31_536_000:
                raise Refused(f"due.{name}", getattr(self, name), "is not a second to a year")
        if not 0 < self.remind < 1:
            raise Refused("due.remind", self.remind, "is no share between 0 and 1")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who has incidents in hand, how soon, and how long they are kept."""

    units: dict[
        str, str
    ] = {}  # site → id of the unit that has its incidents; others belong to the whole city
    keep_days: int = 1_825  # after an incident has ended
    due: Due = Due()
