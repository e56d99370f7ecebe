"""A clock fires once: handlers that act on other clocks, that fail, that fail for good."""

import pytest
from sqlalchemy import Connection, insert, text

from city.errors import Unavailable
from city.schedule import At, Clock, Every, Fired, Handler, Settings, State, desk
from city.schedule.errors import NotParked, Unknown
from city.schedule.handlers import ALWAYS
from contracts.instants import DAY, MINUTE, SECOND
from tests.city.schedule.bench import KIND, Bench, log, writing, written

PATIENT = Settings(first_delay=10.0, most_delay=20.0)


def failing(times: int, *, kind: str = KIND, attempts: int = 8) -> Handler:
    """Fails so many times at keys that begin with `bad`, after it has written."""
    moments: set[int] = set()  # a failed transaction is done again with care: that is one failure

    def fire(tx: Connection, fired: Fired) -> None:
        tx.execute(insert(log).values(key=fired.key, due=fired.due))
        if len(moments) < times and fired.key.startswith("bad"):
            moments.add(fired.now)
        if fired.key.startswith("bad") and fired.now in moments:
            raise RuntimeError("the printer\nis out of paper")

    return Handler(kind=kind, fire=fire, attempts=attempts)


def figure(bench: Bench, name: str, kind: str = KIND) -> float:
    return bench.registry.get_sample_value(name, {"kind": kind}) or 0.0


def test_a_failure_is_undone_alone_and_tried_again(bench: Bench) -> None:
    for key in ("one", "bad", "two"):
        bench.set(key)
    handler = failing(1)
    assert bench.fire(handler, settings=PATIENT) == 2
    assert written(bench.db) == ["one", "two"]
    standing = bench.get("bad")
    assert standing is not None
    assert (standing.attempts, standing.error) == (1, "RuntimeError: the printer")
    assert figure(bench, "imm_clocks_failed_total") == 1
    assert figure(bench, "imm_clocks_fired_total") == 2
    bench.time.advance(25)
    assert bench.fire(handler) == 1
    assert written(bench.db) == ["one", "two", "bad"]


def test_after_too_many_failures_it_is_parked_seen_and_replayed(bench: Bench) -> None:
    bench.set("bad")
    bench.set("good", after=1)
    handler = failing(3, attempts=3)
    for _ in range(3):
        bench.fire(handler, settings=PATIENT)
        bench.time.advance(25)
    assert figure(bench, "imm_clocks_parked_total") == 1
    (parked,) = desk.resting(bench.db, State.PARKED)
    assert (parked.key, parked.attempts) == ("bad", 3)
    assert desk.failing(bench.db) == [parked]
    bench.time.advance(86_400)
    assert bench.fire(handler) == 0
    with bench.db.begin() as tx:
        assert desk.replay(tx, parked.id, now=bench.time.now()).key == "bad"
    assert bench.fire(handler) == 1
    assert written(bench.db) == ["good", "bad"]
    assert desk.resting(bench.db, State.PARKED) == []


def test_only_what_failed_is_replayed(bench: Bench) -> None:
    bench.set("a", after=60)
    standing = bench.get("a")
    assert standing is not None
    with bench.db.begin() as tx:
        with pytest.raises(NotParked):
            desk.replay(tx, standing.id, now=bench.time.now())
        with pytest.raises(Unknown):
            desk.replay(tx, 4_711, now=bench.time.now())


def test_a_repeated_clock_that_fails_for_good_goes_on(bench: Bench) -> None:
    due = bench.set("bad", every=Every(span=DAY))
    handler = failing(2, attempts=2)
    for _ in range(2):
        assert bench.fire(handler, settings=PATIENT) == 0
        bench.time.advance(25)
    standing = bench.get("bad")
    assert standing is not None
    assert (standing.state, standing.due, standing.attempts) == (State.RUNNING, due + DAY, 0)
    assert desk.failing(bench.db) == [standing]
    with bench.db.begin() as tx:
        desk.replay(tx, standing.id, now=bench.time.now())
    assert bench.fire(handler) == 1, "by hand"
    again = bench.get("bad")
    assert again is not None
    assert (again.due, again.error) == (due + DAY, ""), "its next time is not lost by that"


def test_what_was_missed_of_a_repeated_clock_comes_once(bench: Bench) -> None:
    due = bench.set("a", after=60, every=Every(span=MINUTE))
    bench.time.advance(3_600)
    assert bench.fire() == 1
    standing = bench.get("a")
    assert standing is not None
    assert 0 < standing.due - bench.time.now() <= MINUTE
    assert (standing.due - due) % MINUTE == 0


def test_a_handler_may_set_its_clock_anew_and_cancel_others(bench: Bench) -> None:
    def fire(tx: Connection, fired: Fired) -> None:
        tx.execute(insert(log).values(key=fired.key, due=fired.due))
        if fired.key == "first":
            assert bench.clocks.cancel(tx, KIND, "second")
            assert bench.clocks.move(tx, KIND, "third", bench.time.now() + MINUTE)
            due = bench.time.now() + 60 * SECOND
            bench.clocks.set(tx, Clock(kind=fired.kind, key=fired.key, due=due))

    for key in ("first", "second", "third"):
        bench.set(key)
        bench.time.advance(1)
    assert bench.fire(Handler(kind=KIND, fire=fire)) == 1
    assert written(bench.db) == ["first"]
    assert bench.get("first") is not None
    bench.time.advance(60)
    assert bench.fire() == 2
    assert written(bench.db) == ["first", "third", "first"]


def test_a_wrong_statement_undoes_its_clock_only(bench: Bench) -> None:
    def fire(tx: Connection, fired: Fired) -> None:
        tx.execute(insert(log).values(key=fired.key, due=fired.due))
        if fired.key == "bad":
            tx.execute(text("INSERT INTO nowhere VALUES (:name)"), {"name": "Siti Aminah"})

    for key in ("one", "bad", "two"):
        bench.set(key)
    assert bench.fire(Handler(kind=KIND, fire=fire), settings=PATIENT) == 2
    assert written(bench.db) == ["one", "two"]
    standing = bench.get("bad")
    assert standing is not None
    assert "nowhere" in standing.error
    assert "Siti" not in standing.error


def test_a_kind_that_nobody_handles_waits_and_holds_nobody_up(bench: Bench) -> None:
    bench.set("a", kind="elsewhere.due")
    bench.set("b")
    assert bench.fire() == 1
    assert bench.get("a", "elsewhere.due") is not None
    assert bench.firing().earliest() == {}
    assert bench.fire(writing("elsewhere.due")) == 1


def test_a_turn_ends_and_the_rest_has_the_next(bench: Bench) -> None:
    for number in range(5):
        bench.set(f"k{number}")
    firing = bench.firing(settings=Settings(turn=0.0))
    assert len(firing.fire(KIND).fired) == 1
    firing = bench.firing(settings=Settings(batch=3))
    assert len(firing.fire(KIND).fired) == 3
    assert bench.fire() == 1


def test_lateness_is_told(bench: Bench) -> None:
    bench.set("a", after=10)
    bench.time.advance(17)
    bench.fire()
    assert figure(bench, "imm_clocks_late_seconds_sum") == 7


def test_a_handler_keeps_its_own_clock_and_its_rule(bench: Bench) -> None:
    handler = writing("nightly.sweep", every=At(times=("02:00",)))
    bench.firing(handler).keep()
    bench.firing(handler).keep()
    first = bench.get(ALWAYS, "nightly.sweep")
    assert first is not None
    bench.time.advance(2 * 86_400)
    assert bench.fire(handler) == 1
    changed = writing("nightly.sweep", every=Every(span=MINUTE))
    bench.firing(changed).keep()
    again = bench.get(ALWAYS, "nightly.sweep")
    assert again is not None
    assert again.every == Every(span=MINUTE)
    assert 0 < again.due - bench.time.now() <= MINUTE


def test_an_outage_in_a_handler_is_no_failure_of_the_clock(bench: Bench) -> None:
    away = [True]

    def fire(tx: Connection, fired: Fired) -> None:
        tx.execute(insert(log).values(key=fired.key, due=fired.due))
        if away[0]:
            raise Unavailable("nobody answers")

    bench.set("a")
    firing = bench.firing(Handler(kind=KIND, fire=fire))
    with pytest.raises(Unavailable):
        firing.fire(KIND)
    standing = bench.get("a")
    assert standing is not None
    assert (standing.attempts, written(bench.db)) == (0, [])
    away[0] = False
    assert len(firing.fire(KIND).fired) == 1
