"""Tells other processes of bells after the commit, apart from it; on PostgreSQL only.

NOTIFY within a transaction makes all that notify wait for each other's commit, disk included. Whoever dies
between commit and cry is noticed by the looks that every listener makes without a bell.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import Final

import psycopg
from sqlalchemy import URL

from runtime.logs import clean

_log: Final = logging.getLogger(__name__)
_CLOSES: Final = 5.0  # seconds that what is to be told may take at the end
_CONNECTS: Final = 5


class Crier:
    """A thread with a connection of its own, both made when there is first something to tell."""

    def __init__(self, address: URL, sender: str) -> None:
        self._address = address
        self._sender = sender
        self._news = threading.Condition()
        self._names: set[str] = set()
        self._thread: threading.Thread | None = None
        self._closing = False

    def cry(self, names: Iterable[str]) -> None:
        """Have these bells rung elsewhere; returns at once."""
        with self._news:
            self._names.update(names)
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._run, name="bells", daemon=True)
                self._thread.start()
            self._news.notify()

    def close(self) -> None:
        """Tell what is left, and end."""
        with self._news:
            self._closing = True
            self._news.notify()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(_CLOSES)
        self._closing = False

    def _run(self) -> None:
        line: psycopg.Connection | None = None
        while names := self._next():
            try:
                if line is None or line.closed:
                    address = self._address.set(drivername="postgresql").render_as_string(hide_password=False)
                    line = psycopg.connect(address, autocommit=True, connect_timeout=_CONNECTS)
                for name in names:
                    line.execute("SELECT pg_notify(%s, %s)", (name, self._sender))
            except psycopg.Error as error:  # they look by themselves too, only later
                _log.info("other processes hear no bells: %s", clean(error))
                line = None
        if line is not None:
            line.close()

    def _next(self) -> set[str]:
        """What is to be told; nothing at the end."""
        with self._news:
            while not self._names and not self._closing:
                self._news.wait()
            names, self._names = self._names, set()
            return names
