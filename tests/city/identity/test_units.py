"""The tree of units."""

from collections.abc import Callable

import pytest

from city.db import Database
from city.identity.caller import EVERYWHERE, SYSTEM
from city.identity.errors import Forbidden, NotNow, Stale, Taken, Unknown
from city.identity.model import UnitKind
from city.identity.tree import Trees
from city.identity.wiring import Identity
from contracts.errors import Refused
from tests.city.identity.cast import Make, at_once

pytestmark = pytest.mark.usefixtures("units")


def add(identity: Identity, unit: str, parent: str = EVERYWHERE) -> None:
    identity.units.add(SYSTEM, id=unit, kind=UnitKind.TEAM, name=unit, parent=parent)


def test_a_unit_covers_what_lies_below(identity: Identity, db: Database) -> None:
    add(identity, "gate-3", "terminal")
    with db.read() as tx:
        tree = Trees().newest(tx)
    assert tree.below("dishub") == frozenset({"dishub", "terminal", "gate-3"})
    assert tree.below(EVERYWHERE) is None
    assert tree.above("gate-3") == ("terminal", "dishub")


def test_the_tree_is_read_again_after_a_change(identity: Identity, db: Database) -> None:
    trees = Trees()
    with db.read() as tx:
        before = trees.newest(tx)
        assert trees.newest(tx) is before
    add(identity, "gate-3", "terminal")
    with db.read() as tx:
        assert "gate-3" in trees.newest(tx)


def test_a_unit_cannot_lie_below_itself(identity: Identity) -> None:
    with pytest.raises(Refused, match="lies below dishub itself"):
        identity.units.change(SYSTEM, "dishub", 1, parent="terminal")
    with pytest.raises(Unknown):
        identity.units.change(SYSTEM, "dishub", 1, parent="nowhere")


def test_two_moves_at_once_make_no_ring(identity: Identity) -> None:
    pairs = [("dishub", "damkar"), ("damkar", "dishub")]
    moved, refused = at_once(lambda i: identity.units.change(SYSTEM, pairs[i][0], 1, parent=pairs[i][1]), 2)
    assert len(moved) == 1
    assert [type(error) for error in refused] == [Refused]


def test_a_lost_update_is_refused(identity: Identity) -> None:
    won, lost = at_once(lambda i: identity.units.change(SYSTEM, "dishub", 1, name=f"Name {i}"))
    assert len(won) == 1
    assert {type(error) for error in lost} == {Stale}
    assert identity.units.get("dishub") == won[0]


def test_one_of_all_who_add_it_does(identity: Identity) -> None:
    added, refused = at_once(lambda _: add(identity, "bpbd"), 16)
    assert len(added) == 1
    assert {type(error) for error in refused} == {Taken}


def test_a_retired_unit_takes_nobody_new(identity: Identity) -> None:
    identity.units.change(SYSTEM, "damkar", 1, retired=True)
    with pytest.raises(NotNow):
        add(identity, "post-1", "damkar")
    assert [unit.id for unit in identity.units.list()] == ["dishub", "terminal"]
    assert len(identity.units.list(retired=True)) == 3


@pytest.mark.parametrize(
    "unit, name", [("Dishub", "x"), ("a b", "x"), ("ok", ""), ("ok", "a\u200bb"), ("", "x")]
)
def test_a_malformed_unit_is_refused(identity: Identity, unit: str, name: str) -> None:
    with pytest.raises(Refused):
        identity.units.add(SYSTEM, id=unit, kind=UnitKind.TEAM, name=name)


def test_who_manages_one_unit_changes_no_other(identity: Identity, somebody: Make) -> None:
    sri = somebody("sri", "platform/admin", unit="dishub").caller
    identity.units.change(sri, "terminal", 1, name="Terminal Harjamukti")
    identity.units.add(sri, id="gate-3", kind=UnitKind.TEAM, name="Gate 3", parent="terminal")
    calls: list[Callable[[], object]] = [
        lambda: identity.units.change(sri, "damkar", 1, name="x"),
        lambda: identity.units.change(sri, "terminal", 2, parent="damkar"),
        lambda: identity.units.change(sri, "terminal", 2, parent=EVERYWHERE),
        lambda: identity.units.add(sri, id="other", kind=UnitKind.TEAM, name="x"),
    ]
    for call in calls:
        with pytest.raises(Forbidden):
            call()
