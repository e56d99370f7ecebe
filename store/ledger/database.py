"""The database of the ledger: a SQLite file (WAL) or PostgreSQL, short transactions, our own errors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event

from store import errors
from store.ledger import migrations
from store.settings import Ledger

_WAIT: Final = 10  # seconds a statement waits for a lock
_POOL: Final = 5


class Database:
    """Opened and up to date. Safe in threads."""

    def __init__(self, settings: Ledger) -> None:
        try:
            url = sa.make_url(settings.url)
        except sa.exc.ArgumentError as error:
            raise _unusable(settings.url, str(error)) from error
        if settings.password_file is not None:
            url = url.set(password=_password(settings.password_file))
        self.name = url.render_as_string(hide_password=True)
        match url.get_backend_name():
            case "sqlite":
                self._engine = _sqlite(url)
            case "postgresql":
                self._engine = _postgresql(url)
            case other:
                raise _unusable(self.name, f"{other} is neither sqlite nor postgresql")
        self.is_sqlite = self._engine.dialect.name == "sqlite"
        with self.begin() as connection:
            migrations.bring_up_to_date(connection, self.name)

    @contextlib.contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """One transaction; durable when the block ends."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise self._ours(error) from error
        except sa.exc.TimeoutError as error:
            raise errors.Retry(f"all connections to {self.name} are in use") from error

    def _ours(self, error: sa.exc.DBAPIError) -> errors.Failure:
        reason = str(error.orig).strip().partition("\n")[0]
        if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) or error.connection_invalidated:
            if any(
                words in reason for words in ("authentication failed", "does not exist", "unable to open")
            ):
                return _unusable(self.name, reason)
            return errors.Retry(f"the ledger at {self.name} does not answer ({reason})")
        return errors.Failure(f"the ledger at {self.name}: {reason}")

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.dispose()


def _sqlite(url: sa.URL) -> sa.Engine:
    if url.database and url.database != ":memory:":
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(str(url), str(error)) from error
    engine = sa.create_engine(
        url,
        connect_args={"timeout": _WAIT, "check_same_thread": False, "isolation_level": None},
        execution_options={"schema_translate_map": {"ledger": None}},
        pool_size=_POOL,
        max_overflow=0,
        pool_timeout=_WAIT,
        poolclass=sa.QueuePool,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # The write lock at once: a transaction that reads first and writes later could fail in between.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgresql(url: sa.URL) -> sa.Engine:
    return sa.create_engine(
        url,
        connect_args={
            "connect_timeout": _WAIT,
            "options": f"-c lock_timeout={_WAIT}s -c statement_timeout={6 * _WAIT}s",
        },
        pool_size=_POOL,
        max_overflow=0,
        pool_timeout=_WAIT,
        pool_pre_ping=True,
    )


def _password(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise errors.Gone(
            f"the password of the ledger cannot be read: {error}",
            cure="set store.ledger.password_file to a readable file",
        ) from error


def _unusable(url: str, reason: str) -> errors.Gone:
    return errors.Gone(
        f"the ledger at {url} cannot be used ({reason})",
        cure="set store.ledger.url to sqlite:///PATH or postgresql+psycopg://USER@HOST/DATABASE",
    )
