"""What should go on, and whether it does: each part tells its turns, and is stalled when one is overdue."""

from __future__ import annotations

from collections.abc import Callable

from runtime.clock import Clock


class Progress:
    """The parts of one agent that must not stand still."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._parts: dict[str, tuple[Callable[[], float], float]] = {}
        self._turns: dict[str, float] = {}

    def watch(self, name: str, limit: float, turned: Callable[[], float] | None = None) -> None:
        """Expect a turn at least each `limit` seconds: told by `turn`, or asked of `turned` (monotonic)."""
        self._turns[name] = self._clock.monotonic()
        self._parts[name] = (turned or (lambda: self._turns[name]), limit)

    def turn(self, name: str) -> None:
        """A part has gone round once more."""
        self._turns[name] = self._clock.monotonic()

    def forget(self, name: str) -> None:
        """A part has ended, and may."""
        self._parts.pop(name, None)

    def names(self) -> set[str]:
        """Parts that are watched."""
        return set(self._parts)

    def stalled(self) -> dict[str, float]:
        """Parts whose turn is overdue → seconds since their last one."""
        now = self._clock.monotonic()
        ages = {name: (now - turned(), limit) for name, (turned, limit) in self._parts.items()}
        return {name: age for name, (age, limit) in ages.items() if age > limit}
