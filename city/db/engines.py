"""How connections to SQLite and PostgreSQL are opened and how their transactions begin."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, InterfaceError, OperationalError

from city.errors import WrongAddress

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
_DRIVERS: Final = {SQLITE: "sqlite", POSTGRESQL: "postgresql+psycopg"}
_BEGIN: Final = "sqlite_begin"
_POOL: Final = 8  # connections kept open
_OVERFLOW: Final = 8  # more in a rush; the next caller waits
# A write transaction takes SQLite's one write lock at its start: taken midway it fails instead of waiting.
_SQLITE_OUTAGES: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
READ: Final[dict[str, dict[str, Any]]] = {
    SQLITE: {_BEGIN: "DEFERRED"},
    POSTGRESQL: {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
WRITE: Final[dict[str, dict[str, Any]]] = {
    SQLITE: {_BEGIN: "IMMEDIATE"},
    POSTGRESQL: {"isolation_level": "READ COMMITTED", "postgresql_readonly": False},
}


def address(url: str, password: str) -> URL:
    """Text → address with the password in it. Raises WrongAddress."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise WrongAddress(url, "give sqlite:///file or postgresql+psycopg://user@host/name") from None
    kind = parsed.get_backend_name()
    shown = parsed.render_as_string(hide_password=True)
    if kind not in _DRIVERS:
        raise WrongAddress(shown, "give sqlite:///file or postgresql+psycopg://user@host/name")
    if kind == SQLITE and parsed.database in (None, "", ":memory:"):
        raise WrongAddress(shown, "name a file: what must survive cannot live in memory")
    if password:
        parsed = parsed.set(password=password)
    return parsed.set(drivername=_DRIVERS[kind])


def open_engine(url: URL, wait: float) -> Engine:
    """Engine of the address; `wait` (seconds) limits the wait for a connection and for a lock."""
    limits = {
        "pool_size": _POOL,
        "max_overflow": _OVERFLOW,
        "pool_timeout": wait,
        "hide_parameters": True,  # an error is logged, and parameters are anybody's data
    }
    codec = {"json_serializer": _dump, "json_deserializer": msgspec.json.decode}
    if url.get_backend_name() == SQLITE:
        Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": wait}, **limits, **codec)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine
    options = (
        f"-c lock_timeout={round(wait * 1000)} -c idle_in_transaction_session_timeout=60000 -c timezone=UTC"
    )
    connect = {"connect_timeout": max(2, round(wait)), "options": options, "application_name": "imm"}
    engine = create_engine(url, connect_args=connect, pool_pre_ping=True, **limits, **codec)
    event.listen(engine, "handle_error", _hush)
    return engine


def outage(error: DBAPIError) -> bool:
    """Whether the database is away, busy or full, and not the statement wrong."""
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _SQLITE_OUTAGES
    return isinstance(error, OperationalError | InterfaceError)


def unkeepable(error: DBAPIError) -> bool:
    """Whether a text cannot be kept, whoever sent it: PostgreSQL takes no NUL."""
    return isinstance(error, DataError) and "NUL" in str(error.orig)


def _hush(context: ExceptionContext) -> None:
    """Leave of an error's words the first line: PostgreSQL's details show the row that did not fit."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args and isinstance(error.args[0], str):
            error.args = (error.args[0].partition("\n")[0], *error.args[1:])


def _dump(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = (
        None  # we begin transactions ourselves, so that they cover changes of tables too
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(
        "PRAGMA synchronous = FULL"
    )  # a receipt follows the commit: it must survive a power cut
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get(_BEGIN, 'DEFERRED')}")
