"""Who acted may read what he did; what ended long ago goes, what is under way stays."""

from __future__ import annotations

import msgspec
from sqlalchemy import func, select, update

from city.identity.caller import SYSTEM
from contracts.commands import SetVolume
from contracts.instants import DAY
from devices.commands.tables import commands, lines
from devices.control import rights
from devices.selector import Selector
from tests.fixtures.whole import Whole

SRI = msgspec.structs.replace(SYSTEM, id="person-1", name="Sri")


def test_a_person_reads_what_he_did_and_it_is_kept(whole: Whole) -> None:
    control = whole.parts.control
    with whole.parts.db.begin() as tx:
        control.desk.issue(tx, SRI, "kiosk-2", SetVolume(percent=1), why="salat")
        control.shadows.change(tx, SRI, "kiosk-2", {"period": 7}, why="malam", seen=None)
        chosen = Selector(devices=("kiosk-2",))
        control.rollouts.start(tx, SRI, chosen, {"volume": 3}, title="Pelan", why="malam")
        found = rights.hook().export(tx, "person-1")
        kept = {one.kind: (one.erased, one.kept) for one in rights.hook().erase(tx, "person-1")}
    assert {kind: len(rows) for kind, rows in found.items()} == dict.fromkeys(kept, 1)
    assert set(kept.values()) == {(0, 1)}


def test_what_ended_long_ago_goes_with_its_history(whole: Whole) -> None:
    policy = next(one for one in rights.policies() if one.kind == rights.COMMAND)
    now = whole.parts.clock.now()
    with whole.parts.db.begin() as tx:
        made = [
            whole.parts.control.desk.issue(tx, SYSTEM, "kiosk-1", SetVolume(percent=1), why="x") for _ in "ab"
        ]
        tx.execute(update(commands).values(since=now - 10 * DAY))
        tx.execute(update(commands).where(commands.c.id == made[0].id).values(state="done"))
        due = policy.due(tx, now - 9 * DAY, 100)
        assert list(due) == [made[0].id]
        policy.let_go(tx, made[0].id)
        left = tx.execute(
            select(func.count()).select_from(lines).where(lines.c.command == made[0].id)
        ).scalar_one()
    assert left == 0
