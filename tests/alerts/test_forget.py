"""What has been kept long enough goes, and what is open stays."""

from collections.abc import Callable

import pytest
from sqlalchemy import Table, func, insert, select

from alerts import sweep
from alerts.commit import Bad, Parcel, commit
from alerts.rulebook.tables import findings
from alerts.settings import Settings
from alerts.tables import alerts, groups, history, judgements, marks, refused, silences
from city.db import Database
from contracts.alerts import State
from contracts.errors import Refused
from contracts.instants import SECOND
from contracts.judgements import Judgement, Verdict
from runtime.clock import Fake
from runtime.ids import Factory
from tests.alerts.conftest import Make
from tests.alerts.test_commit import good

Take = Callable[..., list[str]]
SETTINGS = Settings(keep=100.0, keep_judgements=10.0, keep_probes=1.0)


@pytest.fixture
def take(db: Database, clock: Fake, ids: Factory) -> Take:
    def take(*items: Judgement | Bad) -> list[str]:
        batch: list[Parcel] = [item if isinstance(item, Bad) else good(item) for item in items]
        return commit(db, batch, now=clock.now(), ids=ids)

    return take


def count(db: Database, table: Table = alerts) -> int:
    with db.read() as tx:
        return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def test_what_is_old_goes_and_what_is_open_stays(db: Database, take: Take, make: Make, clock: Fake) -> None:
    take(make(), make(labels={"device": "x"}), make(probe=True, id="p"))
    take(make(Verdict.CLEARED, 1))
    take(Bad(topic="t", properties={}, payload=b"", reason=Refused("a", "b", "c")))
    assert sweep.forget(db, now=clock.now(), settings=SETTINGS) == 0
    clock.advance(2)
    assert sweep.forget(db, now=clock.now(), settings=SETTINGS) == 2  # the probe, alert and judgement
    clock.advance(20)
    sweep.forget(db, now=clock.now(), settings=SETTINGS)
    assert (count(db), count(db, judgements), count(db, refused), count(db, marks)) == (2, 0, 0, 2)
    clock.advance(200)
    sweep.forget(db, now=clock.now(), settings=SETTINGS)
    assert (count(db), count(db, marks)) == (1, 1)
    with db.read() as tx:
        assert tx.execute(select(alerts.c.state)).scalar() == State.FIRING
        known = set(tx.execute(select(alerts.c.id)).scalars())
        assert set(tx.execute(select(history.c.alert)).scalars()) == known


def test_silences_groups_and_what_rules_on_trial_said_go_too(db: Database, clock: Fake) -> None:
    ended = {"silences": "ended", "groups": "closed"}
    with db.begin() as tx:
        for table, when in ((silences, ended["silences"]), (groups, ended["groups"])):
            for id_, time in (("over", clock.now()), ("open", None)):
                tx.execute(insert(table).values(_row(table) | {"id": id_, when: time}))
        tx.execute(insert(findings).values(_row(findings) | {"id": "old", "received": clock.now()}))
    assert sweep.forget(db, now=clock.now() + 9 * SECOND, settings=SETTINGS) == 0
    assert sweep.forget(db, now=clock.now() + 11 * SECOND, settings=SETTINGS) == 1
    assert count(db, findings) == 0
    assert sweep.forget(db, now=clock.now() + 101 * SECOND, settings=SETTINGS) == 2
    assert (count(db, silences), count(db, groups)) == (1, 1), "what is open stays"


def _row(table: Table) -> dict[str, object]:
    """A value for each column that must have one."""
    values: dict[str, object] = {}
    for column in table.columns:
        if not column.nullable:
            kind = str(column.type).upper()
            values[column.name] = {} if "JSON" in kind else ("x" if "CHAR" in kind or "TEXT" in kind else 0)
    return values
