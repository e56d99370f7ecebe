"""What one interval saw: sketches, and how many of the addresses are made up by their devices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from contracts import sitekeys
from contracts.sketches import LG_K, Sketch, Subject
from edge.visitors.keys import Held

LEAST: Final = 5  # addresses of which a share is told
_GROUP, _LOCAL = 1, 2  # bits of an address's first byte: of a group; made up instead of given to its maker


class Interval:
    """Gathers from start to end (µs UTC) with one key. Keeps no identity: only the sketches' registers."""

    def __init__(self, site: str, start: int, end: int, held: Held) -> None:
        self.start = start
        self.end = end
        self.key = held.id
        self._site = site
        self._held = held
        self._sketches = {subject: _empty() for subject in Subject}
        self._local = _empty()

    def stations(self, addresses: Iterable[bytes]) -> None:
        """Take associated clients: 6 raw bytes each."""
        for address in addresses:
            if len(address) != 6 or address[0] & _GROUP:
                continue
            number = self._held.hasher.number(Subject.STATIONS, address)
            self._sketches[Subject.STATIONS].update(number)
            if address[0] & _LOCAL:
                self._local.update(number)

    def users(self, names: Iterable[bytes]) -> None:
        """Take the names of those who are signed in."""
        for name in names:
            self._sketches[Subject.USERS].update(self._held.hasher.number(Subject.USERS, name))

    def sketches(self) -> list[Sketch]:
        """What may leave the device; of stations one even where nobody came: that was counted too."""
        return [
            Sketch(
                site=self._site,
                day=sitekeys.day_of(self.start),
                key=self.key,
                start=self.start,
                end=self.end,
                subject=subject,
                body=sketch.serialize_compact(),
            )
            for subject, sketch in self._sketches.items()
            if subject is Subject.STATIONS or not sketch.is_empty()
        ]

    def randomised(self) -> float | None:
        """Share of made-up addresses, in hundredths; None where there were few."""
        known = self._sketches[Subject.STATIONS].get_estimate()
        if known < LEAST - 0.5:
            return None
        return float(round(min(1.0, self._local.get_estimate() / known), 2))


def _empty() -> Any:
    import datasketches  # brings numpy: loaded only where visitors are counted

    return datasketches.hll_sketch(LG_K, datasketches.tgt_hll_type.HLL_4)
