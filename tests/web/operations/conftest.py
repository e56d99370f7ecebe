"""Operations in the shell; who asks is an operator, or who may only look."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from fastapi import Request
from fastapi.testclient import TestClient
from sqlalchemy import insert, select

import city.audit.history
import city.history
import city.schedule.history
from city.audit import Trail
from city.audit.tables import entries
from city.db import Database, metadata
from city.identity.caller import Caller, Kind
from city.outbox import letters
from city.outbox.letters import Letter
from city.schedule.clock import State
from city.schedule.tables import clocks
from runtime.clock import Fake
from web import access
from web.health import Checks
from web.letters import READ as DEAD
from web.letters import REPLAY as REVIVE
from web.operations.roles import READ, REPLAY
from web.operations.wiring import contribution
from web.shell import create_app

ORIGIN = "http://localhost:8600"
HISTORIES = (city.history.HISTORY, city.audit.history.HISTORY, city.schedule.history.HISTORY)
LOOKS: Mapping[str, None] = dict.fromkeys((DEAD, READ))
ACTS: Mapping[str, None] = dict.fromkeys((DEAD, READ, REVIVE, REPLAY))


class Room:
    """One application, and what failed behind it."""

    def __init__(self, folder: Path, clock: Fake) -> None:
        self.clock = clock
        self.db = Database(f"sqlite:///{folder / 'city.sqlite'}")
        with self.db.begin() as tx:
            metadata.create_all(tx, tables=[table for history in HISTORIES for table in history.tables])

    def letter(self, consumer: str, position: int, error: str = "422: unknown field") -> int:
        """Something that a consumer could not take; its id."""
        letter = Letter(
            consumer=consumer,
            position=position,
            type="incident.opened",
            subject=f"TGI-{position}",
            event='{"specversion":"1.0"}',
            attempts=8,
            error=error,
            parked=self.clock.now(),
        )
        with self.db.begin() as tx:
            letters.park(tx, letter)
            return letters.page(tx, consumer=consumer)[-1].id

    def timer(self, key: str, state: State, *, error: str = "", reason: str = "") -> int:
        """A clock as it stands; its id."""
        now = self.clock.now()
        values = {
            "kind": "tangi.due",
            "key": key,
            "due": now,
            "calendar": "always",
            "payload": {},
            "every": None,
            "state": state,
            "wake": now if state == State.RUNNING else None,
            "remaining": 1_000 if state == State.PAUSED else None,
            "reason": reason,
            "attempts": 8 if error else 0,
            "error": error,
            "changed": now,
        }
        with self.db.begin() as tx:
            return int(tx.execute(insert(clocks).values(values).returning(clocks.c.id)).scalar_one())

    def asked(self) -> list[int]:
        """Letters that wait to be taken again."""
        with self.db.read() as tx:
            return [one.id for one in letters.page(tx) if one.asked is not None]

    def noted(self) -> list[tuple[str, str, str, str]]:
        """Who did what to which record."""
        query = select(entries.c.by, entries.c.action, entries.c.kind, entries.c.record)
        with self.db.read() as tx:
            return [tuple(row) for row in tx.execute(query.order_by(entries.c.id))]

    def client(self, reach: Mapping[str, None] = ACTS) -> TestClient:
        """A browser of somebody who may this."""
        caller = Caller(kind=Kind.PERSON, id="p-sri", name="Sri", strong=True, reach=reach)

        async def identify(_: Request) -> access.Known:
            return access.Known(caller=caller)

        app = create_app(
            [contribution(self.db, clock=self.clock, trail=Trail(clock=self.clock))],
            db=self.db,
            clock=self.clock,
            checks=Checks(live=tuple, ready=tuple, figures=bytes),
            known={LookupError: 404},
            hosts=("localhost",),
            resolve=identify,
        )
        return TestClient(
            app, base_url=ORIGIN, headers={"accept": "text/html", "origin": ORIGIN}, follow_redirects=False
        )


@pytest.fixture
def room(tmp_path: Path, clock: Fake) -> Iterator[Room]:
    room = Room(tmp_path, clock)
    yield room
    room.db.close()
