"""The one way to open the store: everything that belongs together, by the settings."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from contracts import ledger
from runtime.clock import Clock
from store.dead_letters import DeadLetters
from store.frames import Frames
from store.port import Engine, Report
from store.settings import Settings
from store.sink import Sink
from store.state import State


class Store:
    """What was opened; a context manager that closes it."""

    def __init__(
        self,
        *,
        settings: Settings,
        engine: Engine,
        sink: Sink,
        ledger: ledger.Reader,
        dead_letters: DeadLetters,
        frames: Frames,
        state: State,
    ) -> None:
        self.settings = settings
        self.engine = engine  # also the series.Reader
        self.sink = sink
        self.ledger = ledger
        self.dead_letters = dead_letters
        self.frames = frames
        self.state = state

    def upkeep(self, now: int) -> Report:
        """Roll up, remove what is due, tidy; call it about once a minute, in a thread, from one process."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of everything, in the right order."""
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(settings: Settings, clock: Clock) -> Store:
    """Open the engine that the settings name. Raises Owned, Gone, Retry."""
    raise NotImplementedError
