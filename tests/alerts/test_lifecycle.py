"""The life of an alert: what the order of arrival may change, and what it may not."""

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.model import lifecycle
from alerts.model.lifecycle import Outcome, Place
from contracts.alerts import Alert, State
from contracts.batches import Sequence, Stream
from contracts.judgements import Evidence, Judgement, Severity, Text, Verdict

R, U, C = Verdict.RAISED, Verdict.UPDATED, Verdict.CLEARED
NOW = 1_790_000_000_000_000
STREAM = Stream(device="analytics", channel="judgement")
NOTHING = {Outcome.LATE, Outcome.UNCHANGED, Outcome.NOTHING_OPEN, Outcome.DUPLICATE}


def judgement(verdict: Verdict, time: int, **changes: Any) -> Judgement:
    fields: dict[str, Any] = {
        "id": f"{verdict}-{time}",
        "producer": "analytics",
        "verdict": verdict,
        "rule": "hot",
        "rule_hash": "h",
        "fingerprint": "f",
        "site": "bima",
        "labels": {},
        "severity": Severity.MINOR,
        "title": Text(id="", en=""),
        "time": NOW + time,
        "judged": NOW + time,
        "evidence": Evidence(value=float(time)),
    }
    return Judgement(**(fields | changes))


class Life:
    """One fingerprint's alerts, as the intake keeps them."""

    def __init__(self, hold: int = 0) -> None:
        self.hold = hold
        self.open: Alert | None = None
        self.last: Place | None = None
        self.all: dict[str, Alert] = {}
        self._ids = (f"a{number}" for number in itertools.count(1))

    def take(self, item: Judgement, sequence: Sequence | None = None) -> Outcome:
        place = Place.of(item, sequence)
        step = lifecycle.judge(
            self.open, self.last, item, place, now=NOW, ids=lambda: next(self._ids), hold=self.hold
        )
        assert (step.alert is None) == (step.outcome in NOTHING)
        if step.outcome is not Outcome.LATE:
            self.last = place
        if step.alert is not None:
            before = self.all.get(step.alert.id)
            assert step.alert.revision > before.revision if before else step.alert.revision == 1
            self.all[step.alert.id] = step.alert
            self.open = step.alert if step.alert.resolved is None else None
        return step.outcome


def test_raised_updated_cleared() -> None:
    life = Life()
    assert [life.take(judgement(verdict, time)) for verdict, time in [(R, 1), (U, 2), (C, 3)]] == [
        Outcome.FIRED,
        Outcome.UPDATED,
        Outcome.RESOLVED,
    ]
    (alert,) = life.all.values()
    assert (alert.state, alert.started, alert.resolved) == (State.RESOLVED, NOW + 1, NOW + 3)
    assert alert.revision == 3
    assert alert.evidence.value == 2.0


def test_raised_again_after_the_end_is_a_new_alert() -> None:
    life = Life()
    for verdict, time in [(R, 1), (C, 2), (R, 3)]:
        life.take(judgement(verdict, time))
    assert [alert.state for alert in life.all.values()] == [State.RESOLVED, State.FIRING]


def test_what_comes_late_changes_nothing() -> None:
    life = Life()
    life.take(judgement(R, 5))
    assert life.take(judgement(U, 4)) is Outcome.LATE
    assert life.take(judgement(C, 3)) is Outcome.LATE
    assert life.take(judgement(C, 6)) is Outcome.RESOLVED
    assert life.take(judgement(R, 5)) is Outcome.LATE


def test_an_end_that_overtakes_its_beginning_leaves_no_alert_open() -> None:
    life = Life()
    assert life.take(judgement(C, 2)) is Outcome.NOTHING_OPEN
    assert life.take(judgement(R, 1)) is Outcome.LATE
    assert life.open is None


def test_an_update_whose_beginning_was_lost_still_opens() -> None:
    life = Life()
    assert life.take(judgement(U, 1)) is Outcome.FIRED


def test_the_same_finding_in_other_words_is_no_news() -> None:
    life = Life()
    life.take(judgement(R, 1, evidence=Evidence(value=1.0)))
    assert life.take(judgement(U, 2, evidence=Evidence(value=1.0))) is Outcome.UNCHANGED
    assert (
        life.take(judgement(U, 3, evidence=Evidence(value=1.0), severity=Severity.SEVERE)) is Outcome.UPDATED
    )


def test_numbers_of_a_stream_outrank_clocks() -> None:
    life = Life()
    year = 365 * 86_400_000_000
    life.take(judgement(R, 0), Sequence(stream=STREAM, epoch=1, seq=1))
    back = judgement(C, -year)
    assert life.take(back, Sequence(stream=STREAM, epoch=1, seq=2)) is Outcome.RESOLVED
    assert life.take(judgement(R, 9), Sequence(stream=STREAM, epoch=1, seq=1)) is Outcome.LATE
    assert life.take(judgement(R, -year), Sequence(stream=STREAM, epoch=2, seq=1)) is Outcome.FIRED


def test_a_pending_alert_fires_when_it_has_lasted() -> None:
    life = Life(hold=10)
    assert life.take(judgement(R, 0)) is Outcome.RAISED
    assert life.take(judgement(U, 5)) is Outcome.UPDATED
    assert life.open is not None
    early = lifecycle.ripen(life.open, now=NOW + 9, hold=10)
    assert early.outcome is Outcome.UNCHANGED
    ripe = lifecycle.ripen(life.open, now=NOW + 10, hold=10)
    assert ripe.outcome is Outcome.FIRED
    assert ripe.alert is not None
    assert ripe.alert.state is State.FIRING
    assert lifecycle.ripen(ripe.alert, now=NOW + 99, hold=10).outcome is Outcome.UNCHANGED
    assert life.take(judgement(U, 10)) is Outcome.FIRED


def test_a_pending_alert_that_ends_was_never_heard_of() -> None:
    life = Life(hold=10)
    life.take(judgement(R, 0))
    assert life.take(judgement(C, 5)) is Outcome.WITHDRAWN


def test_each_probe_fires_an_alert_of_its_own() -> None:
    life = Life(hold=10)
    assert life.take(judgement(R, 5, probe=True)) is Outcome.FIRED
    assert life.take(judgement(R, 4, probe=True)) is Outcome.FIRED
    assert life.take(judgement(C, 6, probe=True)) is Outcome.UNCHANGED
    assert len(life.all) == 2


def test_people_act_once_and_only_while_it_lasts() -> None:
    life = Life()
    life.take(judgement(R, 0))
    assert life.open is not None
    first = lifecycle.acknowledge(life.open, by="Siti", now=NOW + 5)
    assert first.outcome is Outcome.ACKNOWLEDGED
    assert first.alert is not None
    assert (first.alert.acknowledged_by, first.alert.acknowledged) == ("Siti", NOW + 5)
    assert lifecycle.acknowledge(first.alert, by="Budi", now=NOW + 6).outcome is Outcome.ALREADY
    quiet = lifecycle.silence(first.alert, until=NOW + 50, now=NOW + 7)
    assert quiet.alert is not None
    assert quiet.alert.silenced_until == NOW + 50
    life.open = quiet.alert
    life.take(judgement(C, 9))
    over = life.all["a1"]
    assert over.silenced_until is None
    assert lifecycle.acknowledge(over, by="Siti", now=NOW).outcome is Outcome.OVER
    assert lifecycle.silence(over, until=NOW + 9, now=NOW).outcome is Outcome.OVER


def test_a_clock_set_back_makes_no_revision_look_older() -> None:
    life = Life()
    life.take(judgement(R, 0))
    assert life.open is not None
    step = lifecycle.acknowledge(life.open, by="Siti", now=NOW - 1_000)
    assert step.alert is not None
    assert step.alert.updated == life.open.updated


verdicts = st.lists(st.sampled_from([R, U, C]), min_size=1, max_size=8)


@given(verdicts, st.randoms(use_true_random=False), st.booleans())
def test_however_they_arrive_the_newest_has_the_last_word(
    order: list[Verdict], random: Any, numbered: bool
) -> None:
    """Any order, with repeats: at most one alert is open, and exactly when the newest says so."""
    sent = [
        (
            judgement(verdict, time),
            Sequence(stream=STREAM, epoch=7, seq=time) if numbered else None,
        )
        for time, verdict in enumerate(order, start=1)
    ]
    arrivals = sent + random.choices(sent, k=len(sent))
    random.shuffle(arrivals)
    life = Life()
    for item, sequence in arrivals:
        life.take(item, sequence)
    assert (life.open is not None) == (order[-1] is not C)
    assert sum(alert.resolved is None for alert in life.all.values()) == (life.open is not None)


@given(verdicts)
def test_in_order_each_alert_runs_from_raised_to_cleared(order: list[Verdict]) -> None:
    life = Life()
    for time, verdict in enumerate(order, start=1):
        life.take(judgement(verdict, time))
    runs = [list(run) for open_, run in itertools.groupby(order, lambda verdict: verdict is not C) if open_]
    assert len(life.all) == len(runs)
    for alert in life.all.values():
        assert alert.resolved is None or alert.resolved > alert.started


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_newer_is_an_order(a: int, b: int, c: int, d: int) -> None:
    first = Place(stream="s", epoch=a, seq=b, judged=NOW, time=NOW)
    second = replace(first, epoch=c, seq=d)
    assert not (first.newer(second) and second.newer(first))
    assert first.newer(second) or second.newer(first) or first == second
