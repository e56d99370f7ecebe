"""Write and read transactions on SQLite (WAL) or PostgreSQL, and bells that ring after a commit."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

import msgspec
from sqlalchemy import Connection, Insert, Table, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from city.db import engines
from city.db.bell import Bell
from city.db.crier import Crier
from city.errors import Unavailable, WrongAddress
from contracts.errors import Refused
from runtime.logs import clean

_BELLS: Final = "imm_bells"  # key in Connection.info: which bells to ring once this transaction is durable
_PING: Final = text("SELECT 1")
_ALONE: Final = text("SELECT pg_advisory_xact_lock(4950131)")  # any number, the same in every process of ours


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the city's database is."""

    url: str = "sqlite:///city.sqlite"  # or postgresql+psycopg://user@host/name
    password_file: Path | None = None  # its first line is the password
    wait: float = 10.0  # seconds to wait for a connection or a lock


class Database:
    """One database; shared by all threads of a process."""

    def __init__(self, url: str, *, password: str = "", wait: float = 10.0) -> None:
        self.address = engines.address(url, password)
        self.kind = self.address.get_backend_name()  # sqlite, postgresql
        self.me = secrets.token_hex(8)  # tells our own notifications from those of other processes
        self._engine = engines.open_engine(self.address, wait)
        self._reader = self._engine.execution_options(**engines.READ[self.kind])
        self._writer = self._engine.execution_options(**engines.WRITE[self.kind])
        self._bells: dict[str, Bell] = {}
        self._crier = Crier(self.address, self.me)
        self._lock = threading.Lock()
        # SQLite lets one writer in. Threads queue here and wake at once; SQLite would sleep up to 100 ms.
        self._turn = threading.Lock()
        self._wait = wait

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Database of the settings. Raises WrongAddress."""
        try:
            password = settings.password_file.read_text().splitlines()[0] if settings.password_file else ""
        except (OSError, IndexError) as error:
            raise WrongAddress(settings.url, f"its password_file cannot be read ({error})") from None
        return cls(settings.url, password=password, wait=settings.wait)

    @property
    def lite(self) -> bool:
        """Whether it is SQLite."""
        return self.kind == engines.SQLITE

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that may write: commits at the end, undone by an exception.

        Raises Unavailable, and Refused where a text cannot be kept.
        """
        rung: set[str] = set()
        with self._alone(), _translated(), self._writer.connect() as tx:
            tx.info[_BELLS] = rung
            with tx.begin():
                yield tx
        for name in rung:
            self.bell(name).ring()
        if rung and not self.lite:
            self._crier.cry(rung)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and changes nothing. Raises Unavailable."""
        with _translated(), self._reader.connect() as tx, tx.begin():
            yield tx

    def ping(self) -> None:
        """Ask it something. Raises Unavailable."""
        with self.read() as tx:
            tx.execute(_PING)

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A write transaction in which tables may be rebuilt, one process at a time. Raises Unavailable."""
        with self._alone(), _translated(), self._writer.connect() as tx:
            if self.lite:
                _enforce(tx, on=False)  # a rebuilt table is dropped for a moment, which must not cascade
            try:
                with tx.begin():
                    if not self.lite:
                        tx.execute(_ALONE)
                    yield tx
            finally:
                if self.lite:
                    _enforce(tx, on=True)

    def bell(self, name: str) -> Bell:
        """The bell that rings after each committed transaction in which `notify` named it."""
        with self._lock:
            return self._bells.setdefault(name, Bell())

    def close(self) -> None:
        """Close idle connections."""
        self._crier.close()
        self._engine.dispose()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self.lite:
            yield
            return
        if not self._turn.acquire(timeout=self._wait):
            raise Unavailable(f"another thread of this process has been writing for {self._wait:g} s")
        try:
            yield
        finally:
            self._turn.release()


def notify(tx: Connection, name: str) -> None:
    """Ring a bell once this transaction is durable: in other processes by PostgreSQL's NOTIFY."""
    rung: set[str] = tx.info[_BELLS]
    rung.add(name)


def new_or_nothing(db: Database, table: Table) -> Insert:
    """INSERT that leaves a row alone which is there already: two processes may say it at once."""
    build = sqlite.insert if db.lite else postgresql.insert
    return build(table).on_conflict_do_nothing()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if engines.outage(error):
            raise Unavailable(clean(" ".join(str(error.orig).split()))) from error
        if engines.unkeepable(error):
            raise Refused("text", "(not shown)", "no database keeps a NUL character: leave it out") from None
        raise
    except UnicodeEncodeError:
        raise Refused("text", "(not shown)", "half of a character stands alone: leave it out") from None
    except PoolTimeout as error:
        raise Unavailable("all connections are in use") from error


def _enforce(tx: Connection, *, on: bool) -> None:
    raw: Any = (
        tx.connection.dbapi_connection
    )  # before SQLAlchemy begins: within a transaction the pragma does nothing
    raw.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")
