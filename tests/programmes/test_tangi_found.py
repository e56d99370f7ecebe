"""Incidents are found by those who may see them, handed to whom they name, and go when their time is over."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from city.audit import Trail
from city.identity.caller import Caller
from city.privacy import Sweeper
from city.search import PUBLIC, Finder, Found, Query
from city.search.rebuild import rebuild
from city.search.sight import sight
from city.search.tables import documents
from contracts.judgements import Severity
from programmes.tangi import findable
from programmes.tangi.model import Step
from programmes.tangi.service import Filters
from programmes.tangi.settings import Settings
from programmes.tangi.tables import entries
from runtime.clock import Fake
from tests.fixtures.stage import Stage, alert, officer
from tests.programmes.staff import hear, only

DESK = Settings(units={"bima": "dishub"}, keep_days=365)


@pytest.fixture
def stage(city_url: str, clock: Fake) -> Iterator[Stage]:
    stage = Stage(city_url, clock, desk=DESK)
    yield stage
    stage.close()


def find(stage: Stage, by: Caller | None, text: str = "", **facets: tuple[str, ...]) -> Found:
    may = PUBLIC if by is None else sight(by, [findable.INCIDENT])
    return Finder(stage.db, stage.index).find(Query(text=text, facets=facets), sight=may)


@pytest.mark.parametrize(
    "words", ["kerumunan", "kerumunannya", "biasa", "kerumuman", "crowd", "footfall-1", "TGI-2026-000001"]
)
def test_an_incident_is_found_by_its_words(stage: Stage, words: str) -> None:
    hear(stage, "firing", alert(stage.clock, 1))
    (hit,) = find(stage, officer("Sri"), words).hits
    assert (hit.kind, hit.path) == ("incident", "/insiden/TGI-2026-000001")


def test_only_those_find_it_who_may_see_it(stage: Stage) -> None:
    hear(stage, "firing", alert(stage.clock, 1))
    hear(stage, "firing", alert(stage.clock, 2, site="elsewhere"))
    assert find(stage, officer("Sri"), "kerumunan").total == 2
    assert [hit.unit for hit in find(stage, officer("Tono", "dishub"), "kerumunan").hits] == ["dishub"]
    assert find(stage, officer("Dewi", "damkar"), "kerumunan").total == 0
    assert find(stage, None, "kerumunan").total == 0


def test_what_is_found_is_counted_by_state_and_priority(stage: Stage, clock: Fake) -> None:
    for number, severity in enumerate((Severity.EXTREME, Severity.MINOR, Severity.MINOR)):
        hear(stage, "firing", alert(clock, number, severity=severity))
        clock.jump(1)
    newest = stage.tangi.incidents.page(Filters())[0]
    stage.tangi.incidents.step(newest.number, Step.ACKNOWLEDGE, by=officer("Sri"))
    sri = officer("Sri")
    assert find(stage, sri).facets == {
        "kind": {"incident": 3},
        "state": {"acknowledged": 1, "received": 2},
        "priority": {"P1": 1, "P4": 2},
    }
    assert [hit.id for hit in find(stage, sri, state=("acknowledged",)).hits] == [newest.id]


def test_what_people_write_is_not_found(stage: Stage) -> None:
    hear(stage, "firing", alert(stage.clock, 1))
    stage.tangi.incidents.step(only(stage).number, Step.RESOLVE, by=officer("Sri"), reason="rujuk Aminah")
    assert find(stage, officer("Sri"), '"aminah"').total == 0


def test_the_index_is_built_anew_from_the_incidents(stage: Stage) -> None:
    for number in range(3):
        hear(stage, "firing", alert(stage.clock, number))
    before = find(stage, officer("Sri"), "kerumunan")
    assert rebuild(stage.db, stage.index, stage.tangi.contribution.search) == {"incident": 3}
    assert find(stage, officer("Sri"), "kerumunan") == before


def test_an_officer_may_have_what_he_did_and_it_stays(stage: Stage) -> None:
    hear(stage, "firing", alert(stage.clock, 1))
    number = only(stage).number
    stage.tangi.incidents.step(number, Step.ACKNOWLEDGE, by=officer("Sri"))
    (hook,) = stage.tangi.contribution.subjects
    with stage.db.begin() as tx:
        mine = hook.export(tx, "p-sri")
        assert [(one["number"], one["what"]) for one in mine["tangi.action"]] == [(number, "acknowledge")]
        assert mine["tangi.incident"] == [{"number": number}]
        assert [(one.kind, one.kept, one.erased) for one in hook.erase(tx, "p-sri")] == [
            ("tangi.action", 1, 0),
            ("tangi.incident", 1, 0),
        ]
        assert all(one.why == "" for one in hook.erase(tx, "p-budi"))
    assert only(stage).acknowledged_by == "Sri"


def test_what_ended_long_ago_goes_with_all_that_was_written_there(stage: Stage, clock: Fake) -> None:
    hear(stage, "firing", alert(clock, 1))
    old = only(stage).number
    stage.tangi.incidents.step(old, Step.RESOLVE, by=officer("Sri"), reason="sepi")
    stage.tangi.incidents.step(old, Step.CLOSE, by=officer("Sri"))
    hear(stage, "firing", alert(clock, 2))
    clock.jump(366 * 86_400)
    sweeper = Sweeper(stage.db, clock, stage.tangi.contribution.retention, trail=Trail(clock=clock))
    assert (sweeper.turn(), sweeper.turn()) == (1, 0)
    assert only(stage).number != old  # what is open stays, however old
    with stage.db.read() as tx:
        assert tx.execute(select(func.count()).select_from(entries)).scalar_one() == 1
        assert tx.execute(select(func.count()).select_from(documents)).scalar_one() == 1
