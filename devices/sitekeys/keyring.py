"""Today's key of each site, and around midnight tomorrow's. A key ends with its day, and with the process."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

from contracts import instants, sitekeys
from contracts.sitekeys import Key
from runtime.clock import Clock
from runtime.memory import Locked

MOST_SITES: Final = 1_000  # of one day; sites come from the registry, so more is a fault


class Keyring:
    """Makes a key when it is first asked for. One thread."""

    def __init__(
        self, clock: Clock, *, ahead: float, draw: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self._clock = clock
        self._ahead = round(ahead * instants.SECOND)
        self._draw = draw
        self._kept: dict[tuple[str, str], tuple[str, Locked]] = {}  # (day, site) → id, secret

    def keys(self, site: str) -> tuple[Key, ...]:
        """Today's key of the site; before midnight the next day's beside it."""
        now = self._clock.now()
        today = sitekeys.day_of(now)
        self._forget(today)
        days = [today]
        if sitekeys.day_of(now + self._ahead) != today:
            days.append(sitekeys.day_of(now + self._ahead))
        return tuple(self._key(day, site) for day in days)

    def sites(self) -> int:
        """How many keys are held."""
        return len(self._kept)

    def wipe(self) -> None:
        """Forget everything."""
        self._forget("9999-12-31")

    def _key(self, day: str, site: str) -> Key:
        kept = self._kept.get((day, site))
        if kept is None:
            if sum(known == day for known, _ in self._kept) >= MOST_SITES:
                raise RuntimeError(f"keys of more than {MOST_SITES} sites were asked for in a day")
            kept = self._kept[day, site] = secrets.token_hex(8), Locked(self._draw(sitekeys.SIZE))
        id_, locked = kept
        with locked.view() as view:
            return Key(site=site, day=day, id=id_, secret=bytes(view))

    def _forget(self, today: str) -> None:
        for place in [place for place in self._kept if place[0] < today]:
            _, locked = self._kept.pop(place)
            locked.wipe()
