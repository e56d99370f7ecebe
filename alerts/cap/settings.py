"""Settings of CAP."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from contracts.cap import Category
from contracts.instants import DAY, HOUR, MINUTE, SECOND
from contracts.judgements import Text

_SHORTEST: Final = 2 * MINUTE / SECOND


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[cap]`; times in seconds."""

    sender: str = "imm.cirebonkota.go.id"  # unique in the world; no spaces, commas, `<`, `&`
    name: Text = Text(id="Pemerintah Kota Cirebon", en="City of Cirebon")
    scope: Literal["Public", "Restricted", "Private"] = "Restricted"  # only who signs in reads it
    restriction: str = "Petugas dan aplikasi Kota Cirebon"  # to whom, where it is restricted
    category: Category = Category.INFRA  # of rules that are not named below
    categories: dict[str, Category] = {}  # id of a rule → whose subject it is
    radius_km: float = 0.25  # around a site of which no polygon is known
    life: float = DAY / SECOND  # after which a message expires; said again at half of it while it lasts
    quiet: float = 10 * MINUTE / SECOND  # between two messages where only figures have changed
    keep: float = 400 * DAY / SECOND  # what was said of hazards that are over
    sweep: float = 30.0  # between looks for what is to be said again

    def __post_init__(self) -> None:
        if not self.sender or any(sign in self.sender for sign in " ,<&"):
            raise ValueError(f"sender: a name without spaces, commas, < and & (got {self.sender!r})")
        if self.life < _SHORTEST or self.life > 30 * 24 * HOUR / SECOND:
            raise ValueError(f"life: {_SHORTEST:g} seconds to 30 days (got {self.life:g})")
