"""What the city's benchmarks stand on: a database with all tables, a vault, and what a row costs at least."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import psycopg

import city.audit.history
import city.history
import city.privacy.history
import city.schedule.history
import city.webhooks.history
from city.db import Database, upgrade
from city.outbox import event
from city.privacy import KeyFile, Vault, keks
from contracts.cloudevents import CloudEvent
from runtime import ids
from runtime.clock import System

WRITERS: Final = 4  # threads that write at once
_TEXT: Final = "x" * 400  # about the size of an event
HISTORIES: Final = (
    city.history.HISTORY,
    city.audit.history.HISTORY,
    city.privacy.history.HISTORY,
    city.webhooks.history.HISTORY,
    city.schedule.history.HISTORY,
)
Figures = dict[str, float]
Say = Callable[[str], None]


class Stage:
    """One database of the city."""

    def __init__(self, url: str, folder: Path) -> None:
        self.clock = System()
        self.ids = ids.factory(self.clock)
        self.db = Database(url)
        self.folder = folder
        upgrade(self.db, HISTORIES)
        keys = KeyFile(folder / "keys.json", clock=self.clock)
        keks.prepare(self.db, keys, self.clock)
        self.vault = Vault(self.db, keys, clock=self.clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def event(self, number: int) -> CloudEvent:
        """An event of usual size; a hundred subjects in turn."""
        return event(
            "incident.updated",
            id=self.ids(),
            source="/bench",
            subject=f"TGI-2026-{number % 100:06}",
            time=self.clock.now(),
            data={"number": number, "text": _TEXT[:250]},
        )

    def raw(self, seconds: float) -> Figures:
        """The limit: transactions a second that insert one row, by the driver alone."""
        turn = self._sqlite if self.db.lite else self._postgres
        return {"raw_inserts_per_s": rate(turn, seconds, 1 if self.db.lite else WRITERS)}

    def _sqlite(self, go_on: Callable[[], bool]) -> int:
        line = sqlite3.connect(self.db.address.database or "", isolation_level=None, timeout=30)
        line.execute("PRAGMA synchronous = FULL")
        line.execute("CREATE TABLE IF NOT EXISTS raw (id INTEGER PRIMARY KEY, text TEXT)")
        done = 0
        while go_on():
            line.execute("BEGIN IMMEDIATE")
            line.execute("INSERT INTO raw (text) VALUES (?)", (_TEXT,))
            line.execute("COMMIT")
            done += 1
        line.close()
        return done

    def _postgres(self, go_on: Callable[[], bool]) -> int:
        address = self.db.address.set(drivername="postgresql").render_as_string(hide_password=False)
        done = 0
        with psycopg.connect(address, autocommit=True) as line:
            line.execute("SELECT pg_advisory_lock(1)")
            line.execute("CREATE TABLE IF NOT EXISTS raw (id BIGSERIAL PRIMARY KEY, text TEXT)")
            line.execute("SELECT pg_advisory_unlock(1)")
            while go_on():
                line.execute("INSERT INTO raw (text) VALUES (%s)", (_TEXT,))
                done += 1
        return done


def rate(turn: Callable[[Callable[[], bool]], int], seconds: float, threads: int) -> float:
    """Sum of what threads do in a second; each does turns as long as it is told to go on."""
    with writing(turn, threads) as (stop, counts):
        started = time.monotonic()
        stop.wait(seconds)
    return sum(counts) / (time.monotonic() - started)


@contextmanager
def writing(
    turn: Callable[[Callable[[], bool]], int], threads: int
) -> Iterator[tuple[threading.Event, list[int]]]:
    """Threads that write beside the block; at its end they stop, and the counts are there."""
    stop = threading.Event()
    counts: list[int] = []
    running = [
        threading.Thread(target=lambda: counts.append(turn(lambda: not stop.is_set())))
        for _ in range(threads)
    ]
    for thread in running:
        thread.start()
    try:
        yield stop, counts
    finally:
        stop.set()
        for thread in running:
            thread.join()
