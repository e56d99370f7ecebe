"""The DuckDB file: who owns it, one writer at a time, a few readers, and whose errors leave it."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb

from store import errors
from store.embedded import schema

Connection = duckdb.DuckDBPyConnection

_WAIT: Final = 30.0  # seconds a call waits for its turn
_READERS: Final = 8  # at once; more wait: two cores answer no faster for more
_WAL: Final = "16MB"  # between two checkpoints: each holds the writer up by some 50 ms, fewer hold memory
_open: set[Path] = set()  # files of this process: DuckDB would share them, our memory of them would not


class File:
    """One open file. All methods are safe in threads."""

    def __init__(self, path: Path, *, memory_mb: int, threads: int) -> None:
        self.path = path.absolute()
        self._turn = threading.RLock()
        self._upkeep_turn = threading.Lock()
        self._slots = threading.BoundedSemaphore(_READERS)
        self._idle: list[Connection] = []
        self._closed = False
        if self.path in _open:
            raise errors.Owned(str(path), owner="this one, opened before")
        self._root = _connect(self.path, memory_mb=memory_mb, threads=threads)
        _open.add(self.path)
        try:
            with self._translated():
                schema.bring_up_to_date(self._root, str(path))
                self._writer = self._root.cursor()
                self._upkeep = self._root.cursor()
        except BaseException:  # also a kill or a cancel: undo it, then on it goes
            self._root.close()
            _open.discard(self.path)
            raise

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """The writer's turn: who holds it may look at what writes depend on, then write."""
        if not self._turn.acquire(timeout=_WAIT):
            raise errors.Retry("the store is busy with another write")
        try:
            if self._closed:
                raise _closed_error(self.path)
            yield
        finally:
            self._turn.release()

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: durable when the block ends, nothing of it where the block raises."""
        with self.turn(), self._translated(), _transaction(self._writer) as connection:
            yield connection

    @contextlib.contextmanager
    def beside(self) -> Iterator[Connection]:
        """One transaction of upkeep, beside the writer; it must touch no row that the writer may change."""
        if not self._upkeep_turn.acquire(timeout=_WAIT):
            raise errors.Retry("the store is busy with its upkeep")
        try:
            with self._translated():
                if self._closed:
                    raise _closed_error(self.path)
                with _transaction(self._upkeep) as connection:
                    yield connection
        finally:
            self._upkeep_turn.release()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A cursor that sees what is committed."""
        if not self._slots.acquire(timeout=_WAIT):
            raise errors.Retry(f"{_READERS} queries run already")
        try:
            with self._translated():
                cursor = self._borrow()
                try:
                    yield cursor
                except BaseException:  # also a kill or a cancel: undo it, then on it goes
                    cursor.close()  # whatever it was in the middle of ends with it
                    raise
                self._give_back(cursor)
        finally:
            self._slots.release()

    def _borrow(self) -> Connection:
        if self._closed:
            raise _closed_error(self.path)
        with contextlib.suppress(IndexError):
            return self._idle.pop()
        return self._root.cursor()

    def _give_back(self, cursor: Connection) -> None:
        if self._closed:
            cursor.close()
        else:
            self._idle.append(cursor)

    def close(self) -> None:
        """Write everything into the file itself and let it go; twice is the same as once."""
        with self._turn:
            if self._closed:
                return
            self._closed = True
        self._upkeep.interrupt()
        with self._turn, self._upkeep_turn:
            for cursor in (*self._idle, self._writer, self._upkeep):
                cursor.close()
            self._idle.clear()
            with contextlib.suppress(duckdb.Error):  # what the log holds is replayed at the next start
                self._root.execute("CHECKPOINT")
            self._root.close()
            _open.discard(self.path)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            raise _ours(error, self.path) from error


def first(connection: Connection, query: str, parameters: Sequence[object] = ()) -> tuple[Any, ...] | None:
    """The first row of a short answer, read to its end: DuckDB refuses a view over an unfinished one."""
    rows = connection.execute(query, parameters or None).fetchall()
    return rows[0] if rows else None


@contextlib.contextmanager
def _transaction(connection: Connection) -> Iterator[Connection]:
    connection.begin()
    try:
        yield connection
    except BaseException:  # also a kill or a cancel: undo it, then on it goes
        with contextlib.suppress(duckdb.Error):  # the first error tells; it may have ended the transaction
            connection.rollback()
        raise
    connection.commit()


def _connect(path: Path, *, memory_mb: int, threads: int) -> Connection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "memory_limit": f"{memory_mb}MB",
        "checkpoint_threshold": _WAL,
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return duckdb.connect(str(path), config=config)
    except (duckdb.IOException, OSError) as error:
        if "lock on file" in str(error):
            owner = re.search(r"PID \d+", str(error))
            raise errors.Owned(str(path), owner=owner.group() if owner else "") from None
        raise errors.Gone(
            f"{path} cannot be opened as a database",
            cure=f"see that the disk is writable, restore a backup, or move the file away ({error})",
        ) from error
    except duckdb.Error as error:
        raise errors.Gone(
            f"{path} cannot be opened as a database",
            cure=f"restore a backup, or move the file away to start an empty one ({error})",
        ) from error


def _closed_error(path: Path) -> errors.Gone:
    return errors.Gone(f"{path} is closed", cure="the process is stopping: ask the next one")


def _ours(error: duckdb.Error, path: Path) -> errors.Failure:
    text = str(error).partition("\n")[0]
    match error:
        case duckdb.OutOfMemoryException():
            return errors.Retry(f"out of memory or disk: raise store.embedded.memory_mb ({text})", after=5)
        case duckdb.TransactionException():
            return errors.Retry(text, after=0.1)
        case duckdb.FatalException() | duckdb.InternalException() | duckdb.ConnectionException():
            return errors.Gone(
                f"{path} stopped answering ({text})",
                cure="restart the process: it recovers to its last commit",
            )
        case duckdb.IOException():
            return errors.Retry(f"disk of {path}: free some space or repair it ({text})", after=5)
        case _:
            return errors.Failure(f"{path}: {text}")
