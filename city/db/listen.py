"""Hear the bells that other processes ring, on PostgreSQL; SQLite's readers look at intervals instead."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg import sql

from city.db.database import Database
from runtime.logs import clean

_log: Final = logging.getLogger(__name__)
_AGAIN: Final = 2.0  # seconds before a lost connection is opened again; readers look at intervals meanwhile


async def listen(db: Database, bells: Sequence[str]) -> None:
    """Ring these bells for ever when another process has rung them; returns at once on SQLite."""
    while not db.lite:
        try:
            await _hear(db, bells)
        except psycopg.Error as error:
            _log.warning("notifications of the database are interrupted: %s", clean(error))
        await asyncio.sleep(_AGAIN)


async def _hear(db: Database, bells: Sequence[str]) -> None:
    address = db.address.set(drivername="postgresql").render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(address, autocommit=True, connect_timeout=5) as line:
        for name in bells:
            await line.execute(sql.SQL("LISTEN {}").format(sql.Identifier(name)))
        for name in bells:  # something may have been said while we were not listening
            db.bell(name).ring()
        async for note in line.notifies():
            if note.payload != db.me:
                db.bell(note.channel).ring()
