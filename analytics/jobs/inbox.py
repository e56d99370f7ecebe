"""What came from ingest and waits to be judged: bounded, and it knows where something is missing."""

from __future__ import annotations

import asyncio
from collections import deque

from contracts.feed import Accepted


class Inbox:
    """Writes in order of arrival, urgent ones first. When a lane is full its oldest goes.

    The hole it leaves is seen like any other. A worker is of one lane, so its writes stay in order.
    """

    def __init__(self, most: int) -> None:
        self.dropped = 0
        self._most = most
        self._urgent: deque[Accepted] = deque()
        self._waiting: deque[Accepted] = deque()
        self._filled = asyncio.Event()
        self._next: dict[str, tuple[int, int]] = {}  # worker → its start, and the number to come

    def __len__(self) -> int:
        return len(self._urgent) + len(self._waiting)

    def put(self, accepted: Accepted) -> None:
        """Take a write; never blocks."""
        lane = self._urgent if accepted.urgent else self._waiting
        if len(lane) >= self._most:
            lane.popleft()
            self.dropped += 1
        lane.append(accepted)
        self._filled.set()

    async def get(self, timeout: float) -> Accepted | None:  # noqa: ASYNC109 - the limit is the contract
        """The oldest that waits, or None when none came in time (seconds)."""
        if not len(self):
            self._filled.clear()
            try:
                async with asyncio.timeout(timeout):
                    await self._filled.wait()
            except TimeoutError:
                return None
        return (self._urgent or self._waiting).popleft()

    def follows(self, accepted: Accepted) -> bool:
        """Whether nothing is missing between this write and the one before it of the same worker."""
        expected = self._next.get(accepted.worker)
        self._next[accepted.worker] = (accepted.started, accepted.seq + 1)
        return expected == (accepted.started, accepted.seq)

    def skip(self) -> None:
        """Leave out all that waits, as read from the store instead: an overload is worked off so."""
        for lane in (self._urgent, self._waiting):
            for accepted in lane:
                self._next[accepted.worker] = (accepted.started, accepted.seq + 1)
            lane.clear()

    def restarted(self, accepted: Accepted) -> bool:
        """Whether the worker was started anew since its last write."""
        known = self._next.get(accepted.worker)
        return known is not None and known[0] != accepted.started
