"""People of the desk for tests, what they were told, and clocks that are fired by hand."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry
from sqlalchemy import insert, select, update

from city.identity.tables.people import grants, people, trees, units
from city.notifications.tables import notices
from city.schedule.figures import Figures
from city.schedule.firing import Firing
from city.schedule.settings import Settings
from contracts.alerts import Alert
from programmes.tangi.model import Incident
from programmes.tangi.service import Filters
from tests.fixtures.stage import Stage


def unit(stage: Stage, id_: str, parent: str | None = None) -> None:
    now = stage.clock.now()
    row = {"id": id_, "parent": parent, "kind": "agency", "name": id_, "code": "", "revision": 1}
    with stage.db.begin() as tx:
        tx.execute(insert(units).values(**row, retired=False, created=now, updated=now))
        tx.execute(update(trees).values(version=trees.c.version + 1))


def hire(stage: Stage, name: str, role: str, *units: str, state: str = "active", kind: str = "staff") -> str:
    """A person with a role of TANGI in these units, or the whole city; his id."""
    now = stage.clock.now()
    id_ = f"p-{name.lower()}"
    row = {"id": id_, "kind": kind, "state": state, "revision": 1, "name": name, "login": name.lower()}
    with stage.db.begin() as tx:
        tx.execute(insert(people).values(**row, unit="", language="id", created=now, updated=now))
        for place in units or ("",):
            given = {"holder": id_, "programme": "tangi", "role": role, "unit": place}
            tx.execute(insert(grants).values(id=stage.ids(), given=now, given_by="system", **given))
    return id_


def hear(stage: Stage, what: str, one: Alert) -> None:
    stage.write(lambda tx: stage.tangi.ear.hear(tx, stage.event(what, one)))


def only(stage: Stage) -> Incident:
    (one,) = stage.tangi.incidents.page(Filters())
    return one


def told(stage: Stage) -> list[tuple[str, str]]:
    """Whom the desk told of what, sorted."""
    with stage.db.read() as tx:
        rows = tx.execute(select(notices.c.person, notices.c.template)).all()
    return sorted((row.person, row.template.removeprefix("tangi.incident-")) for row in rows)


def fire(stage: Stage) -> int:
    """Fire the clocks that are due, as a process does that has just started; how many."""
    handlers = {one.kind: one for one in stage.tangi.contribution.clocks}
    figures = Figures(CollectorRegistry())
    firing = Firing(stage.db, stage.clock, stage.clocks, handlers, figures, Settings())
    return sum(len(firing.fire(kind).fired) for kind in handlers)


def whats(stage: Stage) -> Sequence[str]:
    """What stands on the timeline of the one incident."""
    from city.identity.caller import SYSTEM

    return [entry.what for entry in stage.tangi.incidents.get(only(stage).number, by=SYSTEM).timeline]
