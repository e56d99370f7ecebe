"""Say an anomaly once, and believe a series that cries often less."""

from __future__ import annotations

from typing import Final

import msgspec

HOLD: Final = 100  # samples: what is no new high within them was said
_RAMP: Final = 0.05  # beyond the last high from which a new one counts in full: no cliff at a tie
_TIRED: Final = 0.5  # by how much each thing said raises the bar for the next …
_REST: Final = 0.999  # … and what is left of that after each sample: half after 700


class Once(msgspec.Struct):
    """Memory: the falling highs of the last samples, and how much was said lately."""

    seen: int = 0
    highs: list[tuple[int, float]] = []  # (sample's number, statistic), falling; the first is the highest
    said: float = 0.0

    def take(self, far: float, *, ready: bool = True) -> float:
        """What is left of a statistic; not `ready`: it only raises the bar and is not said."""
        self.seen += 1
        while self.highs and self.highs[0][0] < self.seen - HOLD:
            del self.highs[0]
        before = self.highs[0][1] if self.highs else 0.0
        while self.highs and self.highs[-1][1] <= far:
            self.highs.pop()
        self.highs.append((self.seen, far))
        if not ready:
            return 0.0
        new = min(max((far / before - 1.0) / _RAMP, 0.0), 1.0) if before > 0.0 else 1.0
        told = far * new / (1.0 + _TIRED * self.said)
        self.said = self.said * _REST + min(told, 1.0)
        return told
