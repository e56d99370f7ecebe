"""What one receiver is being told: in order for each subject, several subjects at once, bounded.

Pure: it says what to send next and how far all is done, and sends nothing itself.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from city.outbox.letters import Letter
from city.webhooks.stream import Event

SIZE: Final = 64  # events under way; the first that fails holds back those behind it only up to here


class Item(msgspec.Struct, kw_only=True, eq=False):
    """One event on its way to one receiver."""

    event: Event
    letter: Letter | None = None  # where someone asked for it again
    tries: int = 0
    strikes: int = 0  # tries that failed while the receiver took other events, or refused this one
    seen: int = -1  # successes of the receiver at the last failure
    not_before: float = 0.0  # monotonic seconds
    flying: bool = False
    done: bool = False

    @property
    def position(self) -> int:
        """Of the event."""
        return self.event.position


class Window:
    """Items in order of their position; `scanned` is the position up to which all wanted ones were added."""

    def __init__(self, position: int) -> None:
        self.scanned = position
        self._order: deque[Item] = deque()  # of the outbox: these move the place
        self._lanes: dict[str, deque[Item]] = {}  # by subject, those that are not done
        self._letters: set[int] = set()

    def __len__(self) -> int:
        return sum(len(lane) for lane in self._lanes.values())

    @property
    def room(self) -> int:
        """How many more it takes."""
        return SIZE - max(len(self._order), len(self))

    @property
    def position(self) -> int:
        """All events up to this position are done with."""
        return self._order[0].position - 1 if self._order else self.scanned

    def add(self, item: Item) -> None:
        """Put an item behind the others of its subject."""
        self._lanes.setdefault(item.event.subject, deque()).append(item)
        if item.letter is None:
            self._order.append(item)
        else:
            self._letters.add(item.letter.id)

    def next(self, now: float, *, probing: bool = False) -> Item | None:
        """The item to send now: the oldest of those that are first of their subject and may be sent.

        Where the receiver is `probing`ed, the least tried: it may be well, and one event its trouble.
        """
        ready = [lane[0] for lane in self._lanes.values() if not lane[0].flying and lane[0].not_before <= now]
        return min(ready, key=lambda item: (item.tries if probing else 0, item.position), default=None)

    def when(self) -> float | None:
        """Monotonic seconds at which the next item may be sent; None while there is none that waits."""
        return min((lane[0].not_before for lane in self._lanes.values() if not lane[0].flying), default=None)

    @property
    def letters(self) -> frozenset[int]:
        """Letters under way."""
        return frozenset(self._letters)

    def finish(self, item: Item) -> None:
        """It is done with: taken, or kept as a dead letter."""
        lane = self._lanes[item.event.subject]
        lane.popleft()
        if not lane:
            del self._lanes[item.event.subject]
        item.done = True
        if item.letter is not None:
            self._letters.discard(item.letter.id)
        while self._order and self._order[0].done:
            self._order.popleft()
