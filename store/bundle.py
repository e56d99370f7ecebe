"""The one way to open the store: everything that belongs together, by the settings."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from contracts import ledger
from contracts.instants import DAY
from runtime.clock import Clock
from store.dead_letters import DeadLetters
from store.frames import Frames
from store.port import Engine, Report
from store.settings import Settings
from store.sink import Sink
from store.state import State
from store.visitors.rollup import Visitors


class Ledger(ledger.Reader, Protocol):
    """The ledger as its owner sees it."""

    def fold(self) -> None:
        """Tidy what the sink appended."""
        ...


@dataclass(frozen=True, kw_only=True)
class Store:
    """What was opened; a context manager that closes it."""

    settings: Settings
    clock: Clock
    engine: Engine  # also the series.Reader
    sink: Sink
    ledger: Ledger
    dead_letters: DeadLetters
    frames: Frames
    state: State
    visitors: Visitors
    opened: contextlib.ExitStack

    def upkeep(self) -> Report:
        """Roll up, remove what is due, tidy; each `settings.upkeep`, in a thread, from one process."""
        now = self.clock.now()
        self.visitors.run(now)
        self.engine.roll_up(now)
        report = self.engine.retain(self.settings.retention.policies(), now)
        self.frames.retain(now)
        self.ledger.fold()
        return report

    def close(self) -> None:
        """Let go of everything, in the right order."""
        self.opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(settings: Settings, clock: Clock) -> Store:
    """Open the engine that the settings name. Raises Owned, Gone, Retry."""
    frames = Frames(settings.frames.path, keep_days=settings.frames.keep_days)
    return (
        _embedded(settings, clock, frames)
        if settings.engine == "embedded"
        else _influx(settings, clock, frames)
    )


def _embedded(settings: Settings, clock: Clock, frames: Frames) -> Store:
    from store import embedded

    with contextlib.ExitStack() as opened:
        file = embedded.File(
            settings.embedded.path, memory_mb=settings.embedded.memory_mb, threads=settings.embedded.threads
        )
        opened.callback(file.close)
        engine = embedded.Engine(file)
        ledger = embedded.Ledger(file)
        sketches = embedded.Sketches(file)
        return Store(
            settings=settings,
            clock=clock,
            engine=engine,
            sink=embedded.Sink(file, engine, ledger, sketches),
            ledger=ledger,
            dead_letters=embedded.DeadLetters(file),
            frames=frames,
            state=embedded.State(file),
            visitors=Visitors(sketches, engine, keep=settings.retention.visitors_days * DAY),
            opened=opened.pop_all(),
        )


def _influx(settings: Settings, clock: Clock, frames: Frames) -> Store:
    from store import influx
    from store.ledger.book import Book
    from store.ledger.database import Database
    from store.ledger.keep import DeadLetters as Letters
    from store.ledger.keep import State as Kept
    from store.ledger.sketches import Sketches

    with contextlib.ExitStack() as opened:
        database = Database(settings.ledger)
        opened.callback(database.close)
        server = influx.Server(settings.influx)
        opened.callback(server.close)
        engine = influx.Engine(server, clock)
        book = Book(database)
        sketches = Sketches(database)
        return Store(
            settings=settings,
            clock=clock,
            engine=engine,
            sink=influx.Sink(engine, book, sketches),
            ledger=book,
            dead_letters=Letters(database),
            frames=frames,
            state=Kept(database),
            visitors=Visitors(sketches, engine, keep=settings.retention.visitors_days * DAY),
            opened=opened.pop_all(),
        )
