"""Alerts become incidents, once each, and people take them to their end; on both databases."""

import threading
from collections.abc import Iterator

import msgspec
import pytest
from sqlalchemy import select

from city.db.migrate import differences
from city.errors import Outdated
from city.identity.caller import SYSTEM
from city.outbox import Tail
from city.outbox.events import append
from city.outbox.tables import outbox
from contracts import cloudevents, instants
from contracts.alerts import Alert
from contracts.alerts import State as AlertState
from contracts.errors import Refused
from contracts.judgements import Severity
from programmes.tangi.errors import NotNow, Unknown
from programmes.tangi.events import Ear
from programmes.tangi.history import HISTORY
from programmes.tangi.model import Incident, Kind, Priority, State, Step
from programmes.tangi.service import Filters
from runtime.clock import Fake
from tests.fixtures.stage import Stage, alert, officer


@pytest.fixture
def stage(city_url: str, clock: Fake) -> Iterator[Stage]:
    stage = Stage(city_url, clock)
    yield stage
    stage.close()


@pytest.fixture
def ear(stage: Stage) -> Ear:
    return stage.tangi.ear


def hear(stage: Stage, ear: Ear, what: str, one: Alert) -> None:
    stage.write(lambda tx: ear.hear(tx, stage.event(what, one)))


def told(stage: Stage) -> list[tuple[str, str, int]]:
    """Events so far: type, incident, revision."""
    with stage.db.read() as tx:
        texts = tx.execute(select(outbox.c.event).order_by(outbox.c.id)).scalars().all()
    events = [cloudevents.decode(text.encode()) for text in texts]
    short = [event.type.removeprefix("id.go.cirebonkota.imm.") for event in events]
    return [(name, event.subject, event.data["revision"]) for name, event in zip(short, events, strict=True)]


def only(stage: Stage) -> Incident:
    (one,) = stage.tangi.incidents.page(Filters())
    return one


def test_the_tables_are_those_that_the_code_declares(stage: Stage) -> None:
    assert differences(stage.db, HISTORY) == []


@pytest.mark.parametrize("severity, priority", list(zip(Severity, Priority, strict=True)))
def test_an_alert_opens_an_incident(stage: Stage, ear: Ear, severity: Severity, priority: Priority) -> None:
    hear(stage, ear, "firing", alert(stage.clock, 1, severity=severity))
    one = only(stage)
    assert one.number == "TGI-2026-000001"
    assert (one.state, one.priority, one.severity) == (State.RECEIVED, priority, severity)
    assert (one.site, one.device, one.alert, one.opened) == (
        "bima",
        "footfall-1",
        "alert-1",
        stage.clock.now(),
    )
    (entry,) = stage.tangi.incidents.get(one.number, by=SYSTEM).timeline
    assert (entry.kind, entry.text.en) == (Kind.OPENED, "812 people in an hour; Tuesdays at 17 usually 240")
    assert told(stage) == [("incident.opened", one.number, 1)]


def test_an_alert_whose_rule_wants_no_incident_opens_none(stage: Stage, ear: Ear) -> None:
    quiet = alert(stage.clock, 1, incident=False)
    hear(stage, ear, "firing", quiet)
    hear(stage, ear, "resolved", quiet)
    assert stage.tangi.incidents.page(Filters()) == []


def test_a_fingerprint_has_one_working_incident(stage: Stage, ear: Ear, clock: Fake) -> None:
    first = alert(clock, 1)
    hear(stage, ear, "firing", first)
    hear(stage, ear, "firing", first)  # the same alert again changes nothing
    hear(stage, ear, "firing", alert(stage.clock, 2, fingerprint=first.fingerprint))
    assert only(stage).alert == "alert-2"
    clock.advance(1)
    hear(stage, ear, "firing", alert(stage.clock, 3))
    assert [one.alert for one in stage.tangi.incidents.page(Filters())] == ["alert-3", "alert-2"]
    assert [name for name, _, _ in told(stage)] == ["incident.opened", "incident.updated", "incident.opened"]


def test_what_is_over_for_people_opens_anew(stage: Stage, ear: Ear, clock: Fake) -> None:
    hear(stage, ear, "firing", alert(stage.clock, 1))
    stage.tangi.incidents.step("TGI-2026-000001", Step.RESOLVE, by=officer("Sri"), reason="sepi lagi")
    clock.advance(1)
    hear(stage, ear, "firing", alert(stage.clock, 2, fingerprint=alert(stage.clock, 1).fingerprint))
    assert [one.state for one in stage.tangi.incidents.page(Filters())] == [State.RECEIVED, State.RESOLVED]


def test_an_alert_that_ends_never_closes_an_incident(stage: Stage, ear: Ear, clock: Fake) -> None:
    one = alert(clock, 1)
    hear(stage, ear, "firing", one)
    for _ in range(5):
        clock.advance(60)
        hear(stage, ear, "updated", msgspec.structs.replace(one, updated=clock.now()))
    clock.advance(60)
    over = msgspec.structs.replace(one, state=AlertState.RESOLVED, resolved=clock.now())
    hear(stage, ear, "resolved", over)
    found = stage.tangi.incidents.get("TGI-2026-000001", by=SYSTEM)
    assert (found.state, found.alert_over) == (State.RECEIVED, clock.now())
    assert [entry.what for entry in found.timeline] == ["firing", "updated", "resolved"]
    assert found.timeline[1].time == clock.now() - 60 * instants.SECOND


def test_priority_rises_by_itself_but_never_falls(stage: Stage, ear: Ear) -> None:
    one = alert(stage.clock, 1, severity=Severity.MODERATE)
    hear(stage, ear, "firing", one)
    for severity, priority in ((Severity.EXTREME, Priority.P1), (Severity.MINOR, Priority.P1)):
        hear(stage, ear, "updated", msgspec.structs.replace(one, severity=severity))
        assert only(stage).priority is priority


def test_who_saw_an_alert_stands_on_the_timeline(stage: Stage, ear: Ear) -> None:
    one = alert(stage.clock, 1, acknowledged_by="Budi")
    hear(stage, ear, "firing", one)
    hear(stage, ear, "acknowledged", one)
    assert stage.tangi.incidents.get("TGI-2026-000001", by=SYSTEM).timeline[1].by == "Budi"


def test_an_event_that_holds_no_alert_is_refused(stage: Stage, ear: Ear) -> None:
    event = msgspec.structs.replace(stage.event("firing", alert(stage.clock, 1)), data={"id": 7})
    with pytest.raises(Refused, match="data"):
        stage.write(lambda tx: ear.hear(tx, event))


def test_a_person_takes_an_incident_to_its_end(stage: Stage, ear: Ear, clock: Fake) -> None:
    hear(stage, ear, "firing", alert(clock, 1))
    desk = stage.tangi.incidents
    number = "TGI-2026-000001"
    for step, reason in ((Step.ACKNOWLEDGE, ""), (Step.RESOLVE, "dialihkan ke barat"), (Step.CLOSE, "")):
        clock.advance(10)
        once = desk.step(number, step, by=officer("Sri"), reason=reason)
        clock.advance(10)
        assert desk.step(number, step, by=officer("Budi"), reason=reason) == once  # twice is the same as once
    found = desk.get(number, by=SYSTEM)
    assert (found.state, found.acknowledged_by, found.resolved_by, found.reason) == (
        State.CLOSED,
        "Sri",
        "Sri",
        "dialihkan ke barat",
    )
    assert found.steps == ()
    assert [entry.what for entry in found.timeline] == ["firing", "acknowledge", "resolve", "close"]
    assert told(stage) == [
        ("incident.opened", number, 1),
        ("incident.updated", number, 2),
        ("incident.updated", number, 3),
        ("incident.closed", number, 4),
    ]
    assert desk.working() == []


def test_an_end_needs_a_reason(stage: Stage, ear: Ear) -> None:
    hear(stage, ear, "firing", alert(stage.clock, 1))
    for reason in ("", "  ", "x" * 2_001):
        with pytest.raises(Refused, match="reason"):
            stage.tangi.incidents.step("TGI-2026-000001", Step.RESOLVE, by=officer("Sri"), reason=reason)
    assert only(stage).state is State.RECEIVED


def test_steps_that_are_not_possible_say_which_are(stage: Stage, ear: Ear) -> None:
    with pytest.raises(Unknown):
        stage.tangi.incidents.step("TGI-2026-000001", Step.CLOSE, by=officer("Sri"))
    hear(stage, ear, "firing", alert(stage.clock, 1))
    with pytest.raises(NotNow, match="acknowledge"):
        stage.tangi.incidents.step("TGI-2026-000001", Step.CLOSE, by=officer("Sri"))
    assert told(stage) == [("incident.opened", "TGI-2026-000001", 1)]


def test_two_who_act_at_once_do_it_once(stage: Stage, ear: Ear) -> None:
    hear(stage, ear, "firing", alert(stage.clock, 1))
    gate = threading.Barrier(4)
    found: list[Incident] = []

    def act(name: str) -> None:
        gate.wait()
        found.append(stage.tangi.incidents.step("TGI-2026-000001", Step.ACKNOWLEDGE, by=officer(name)))

    threads = [threading.Thread(target=act, args=(f"Officer {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len({one.acknowledged_by for one in found}) == 1
    assert only(stage).revision == 2


def test_of_many_who_saw_the_same_one_wins(stage: Stage, ear: Ear) -> None:
    hear(stage, ear, "firing", alert(stage.clock, 1))
    gate = threading.Barrier(16)
    won: list[str] = []
    lost: list[int] = []

    def act(name: str) -> None:
        gate.wait()
        try:
            stage.tangi.incidents.step(
                only(stage).number, Step.RESOLVE, by=officer(name), reason=name, seen=1
            )
        except Outdated as error:
            lost.append(error.now)
        else:
            won.append(name)

    threads = [threading.Thread(target=act, args=(f"Officer {number}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), lost) == (1, [2] * 15)
    assert only(stage).reason == won[0]  # nobody's words were lost in silence


def test_numbers_run_per_local_year(stage: Stage, ear: Ear, clock: Fake) -> None:
    clock.jump((instants.from_rfc3339("2026-12-31T23:59:00+07:00") - clock.now()) / 1e6)
    hear(stage, ear, "firing", alert(clock, 1))
    clock.advance(120)
    hear(stage, ear, "firing", alert(clock, 2))
    clock.advance(1)
    hear(stage, ear, "firing", alert(clock, 3))
    numbers = [one.number for one in stage.tangi.incidents.page(Filters())]
    assert numbers == ["TGI-2027-000002", "TGI-2027-000001", "TGI-2026-000001"]


def test_probes_leave_a_time_and_nothing_else(stage: Stage, ear: Ear, clock: Fake) -> None:
    for milliseconds in range(1, 101):
        sent = clock.now() - milliseconds * 1_000
        probe = alert(clock, milliseconds, probe=True, started=sent)
        hear(stage, ear, "firing", probe)
        hear(stage, ear, "firing", probe)  # delivered again
        hear(stage, ear, "resolved", probe)
    times = stage.tangi.probes.last_hour()
    assert (times.count, times.p50_ms, times.p99_ms, times.newest) == (100, 50.0, 99.0, clock.now())
    assert stage.tangi.incidents.page(Filters()) == []
    assert told(stage) == []
    assert stage.registry.get_sample_value("imm_probe_seconds_count") == 100
    clock.advance(3_601)
    assert stage.tangi.probes.last_hour().count == 0
    hear(stage, ear, "firing", alert(clock, 200, probe=True, started=clock.now() + 5_000_000))
    assert stage.tangi.probes.last_hour().p50_ms == -5_000  # a device's clock may be ahead: shown as it is


async def test_the_relay_brings_alerts_to_the_desk_once(stage: Stage) -> None:
    async with stage.relaying():
        bell = Tail(stage.db)
        for number in range(5):
            stage.write(lambda tx, n=number: append(tx, stage.event("firing", alert(stage.clock, n))))  # type: ignore[misc]
        while len(stage.tangi.incidents.working()) < 5:
            await bell.wait(0.05)
            bell.read(0)
    assert len(stage.tangi.incidents.page(Filters())) == 5
