"""What the pages ask of the city's database, on each engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert

import devices.commands.history
import devices.presence.history
import devices.shadow.history
from city.db import Database, upgrade
from city.db.lease import leases
from city.identity.caller import SYSTEM
from contracts.instants import HOUR, SECOND
from contracts.presence import Presence, Reason, State
from contracts.roster import Entry
from contracts.topics import Kind
from devices.commands import records as commands
from devices.pages import strays, timeline
from devices.pages.board import Board, Wanted
from devices.pages.standing import Standing
from devices.presence import records
from devices.registry import State as Life
from devices.registry.maintenance import Maintenance
from devices.roster import Roster
from devices.shadow import records as shadows
from devices.shadow.model import Shadow
from runtime.clock import Fake
from runtime.ids import Factory
from tests.devices.conftest import HISTORIES, plan, registry_of, vault_of

MORE = (devices.presence.history.HISTORY, devices.commands.history.HISTORY, devices.shadow.history.HISTORY)


@pytest.fixture
def board(db: Database, tmp_path: Path, clock: Fake, ids: Factory) -> Board:
    """Of three kiosks: one away, one that is well, one of the roster's file."""
    upgrade(db, (*HISTORIES, *MORE))
    registry = registry_of(db, vault_of(db, tmp_path, clock), clock, ids)
    now = clock.now()
    with db.begin() as tx:
        for device in ("kiosk-1", "kiosk-2"):
            registry.add(tx, SYSTEM, plan(device), state=Life.ENROLLED)
        away = Presence(device="kiosk-1", site="bima", state=State.OFFLINE, reason=Reason.LOST, since=now)
        well = Presence(device="kiosk-2", site="bima", state=State.ONLINE, since=now)
        records.put(tx, [away, well], lite=db.lite)
        records.note(tx, [away, well], now)
        records.note(tx, [away], now)
        for version in (1, 2):
            new = Shadow(
                device="kiosk-1",
                site="bima",
                kind=Kind.KIOSK,
                version=version,
                values={"volume": version},
                since={},
                changed=now,
                by="p-1",
                by_name="Sri",
                why="x",
            )
            shadows.keep(tx, new, "")
        for number in range(3):
            commands.stray(
                tx, device="kiosk-1", command=f"c-{number}", reason="unknown", payload="{}", now=now - number
            )
        Maintenance(registry, clock).plan(tx, SYSTEM, "kiosk-2", start=now, end=now + HOUR, why="Cat")
    return Board(db, Roster([Entry(device="kiosk-9", kind=Kind.KIOSK, site="bima")]), clock)


def test_the_board(board: Board, db: Database, clock: Fake) -> None:
    first = board.view(SYSTEM, Wanted(), after=None, limit=2)
    rest = board.view(SYSTEM, Wanted(), after=first.next, limit=2)
    shown = [
        (line.device.device, line.standing(clock.now()), line.of_file) for line in first.lines + rest.lines
    ]
    assert shown == [
        ("kiosk-1", Standing.OFFLINE, False),
        ("kiosk-9", Standing.NEVER, True),
        ("kiosk-2", Standing.MAINTAINED, False),
    ]
    assert rest.next is None
    assert board.unwatched() == clock.now()
    with db.begin() as tx:
        tx.execute(insert(leases).values(name="outbox", holder="me", until=clock.now() + SECOND))
    assert board.unwatched() is None


def test_lines_of_one_instant_are_told_apart(board: Board, db: Database) -> None:
    with db.read() as tx:
        whole = timeline.page(tx, "kiosk-1", limit=100)
        found, before = [], None
        while part := timeline.page(tx, "kiosk-1", before=before, limit=1):
            found += part
            before = part[0].place
    assert [one.place for one in found] == [one.place for one in whole]
    assert [one.sort.value for one in whole] == ["registry", "shadow", "shadow", "presence", "presence"]
    assert [one.what.keys for one in whole if isinstance(one.what, timeline.Wish)] == [("volume",)] * 2


def test_answers_without_a_command(board: Board, db: Database, clock: Fake) -> None:
    with db.read() as tx:
        first = strays.page(tx, SYSTEM, device="kiosk-1", after=None, limit=2)
        last = (first[-1].time, first[-1].id)
        rest = strays.page(tx, SYSTEM, device="", after=last, limit=2)
        assert strays.recent(tx, SYSTEM, clock.now()) == 3
    assert [one.command for one in first + rest] == ["c-0", "c-1", "c-2"]
