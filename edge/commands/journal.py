"""Which commands came and what became of them, on the device's disk: by this memory none is done twice."""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path
from typing import Any, Final

import msgspec

from contracts import commands
from contracts.commands import ENDS, Command, Result, State
from contracts.instants import DAY
from edge.commands.errors import Unkept

KEEP: Final = 30 * DAY  # after its expiry a command is remembered so long, to answer what became of it
MOST: Final = 2_000  # commands kept; beyond, the oldest that have ended and expired are forgotten
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS commands (
    id TEXT PRIMARY KEY,
    place INTEGER NOT NULL,     -- order in which they came
    expires INTEGER NOT NULL,   -- µs UTC by the desk's clock
    boot TEXT NOT NULL,         -- boot of the machine in which it was begun
    command BLOB NOT NULL,
    state TEXT NOT NULL,
    number INTEGER NOT NULL,    -- of the result
    told INTEGER NOT NULL,      -- number of the result that the broker has last taken
    result BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS commands_state ON commands (state, place);
"""
_log: Final = logging.getLogger(__name__)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One command with what became of it."""

    command: Command
    result: Result
    boot: str  # of the machine when it was begun; empty before


class Journal:
    """One SQLite file of the agent's own; from any thread, each call one durable transaction."""

    def __init__(self, path: Path, *, now: int) -> None:
        """A damaged file is put aside: what it knew is lost, and told in the log. Raises Unkept."""
        self.path = path
        self._lock = threading.Lock()
        try:
            self._db = self._open()
        except sqlite3.DatabaseError as error:
            if not _damaged(error):
                raise Unkept(path, str(error)) from None
            aside = path.with_name(f"{path.name}.damaged-{now}")
            path.replace(aside)
            _log.error("%s is damaged (%s): put aside as %s", path, error, aside.name)
            self._db = self._open()
        self._forget(now)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def get(self, key: str) -> Kept | None:
        """One command, or None where it never came."""
        found = self._rows("SELECT command, result, boot FROM commands WHERE id = ?", key)
        return found[0] if found else None

    def add(self, command: Command, result: Result) -> None:
        """Keep a new command with its first result. Raises Unkept."""
        self._forget(result.time)
        self._run(
            "INSERT INTO commands"
            " VALUES (?, (SELECT coalesce(max(place), 0) + 1 FROM commands), ?, '', ?, ?, ?, 0, ?)",
            command.id,
            command.expires,
            commands.encode(command),
            result.state.value,
            result.number,
            commands.encode(result),
        )

    def change(self, result: Result, *, boot: str = "") -> None:
        """Keep what became of a command; `boot` where it is begun now. Raises Unkept."""
        self._run(
            "UPDATE commands SET state = ?, number = ?, result = ?, boot = coalesce(nullif(?, ''), boot)"
            " WHERE id = ?",
            result.state.value,
            result.number,
            commands.encode(result),
            boot,
            result.id,
        )

    def waiting(self) -> list[Command]:
        """Commands that are accepted and not begun, in the order in which they came."""
        return [kept.command for kept in self._state(State.ACCEPTED)]

    def begun(self) -> list[Kept]:
        """Commands that were under way when the agent stopped."""
        return self._state(State.RUNNING)

    def untold(self, most: int = 20) -> list[Result]:
        """Results that the broker has not taken, oldest command first."""
        query = "SELECT command, result, boot FROM commands WHERE told < number ORDER BY place LIMIT ?"
        return [kept.result for kept in self._rows(query, most)]

    def told(self, key: str, number: int) -> None:
        """The broker has taken a result. Raises Unkept."""
        self._run("UPDATE commands SET told = max(told, ?) WHERE id = ?", number, key)

    def tell_again(self, key: str) -> None:
        """Somebody asks what became of it. Raises Unkept."""
        self._run("UPDATE commands SET told = 0 WHERE id = ?", key)

    def _state(self, state: State) -> list[Kept]:
        query = "SELECT command, result, boot FROM commands WHERE state = ? ORDER BY place"
        return self._rows(query, state.value)

    def _rows(self, query: str, *values: object) -> list[Kept]:
        with self._lock:
            rows = self._db.execute(query, values).fetchall()
        return [
            Kept(command=commands.decode(command), result=commands.decode_result(result), boot=boot)
            for command, result, boot in rows
        ]

    def _forget(self, now: int) -> None:
        ends = ", ".join(f"'{end}'" for end in sorted(ENDS))
        over = f"state IN ({ends}) AND told >= number"
        self._run(f"DELETE FROM commands WHERE {over} AND expires < ?", now - KEEP)  # noqa: S608 - words of our own
        self._run(
            f"DELETE FROM commands WHERE {over} AND expires < ? AND place <= "  # noqa: S608 - words of our own
            "(SELECT max(place) FROM commands) - ?",
            now - commands.TOLERANCE,
            MOST,
        )

    def _run(self, query: str, *values: Any) -> None:
        try:
            with self._lock, self._db:
                self._db.execute(query, values)
        except sqlite3.DatabaseError as error:
            raise Unkept(self.path, str(error)) from None

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, check_same_thread=False)
        try:
            self.path.chmod(0o600)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")  # what is accepted survives a power cut
            db.execute("PRAGMA cache_size=-256")  # KiB: a small machine
            db.executescript(_SCHEMA)
            db.execute("SELECT count(*), max(number) FROM commands").fetchone()
        except BaseException:  # also a kill or a cancel: leave nothing open
            db.close()
            raise
        return db


def _damaged(error: sqlite3.DatabaseError) -> bool:
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _DAMAGED
