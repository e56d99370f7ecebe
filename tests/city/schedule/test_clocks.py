"""Clocks are set, moved, cancelled, paused and resumed in the caller's transaction."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from city.db import Database, check
from city.db.migrate import differences
from city.schedule import At, Clock, Every, State
from city.schedule.clocks import SET
from city.schedule.history import HISTORY
from contracts.errors import Refused
from contracts.instants import HOUR, MINUTE, SECOND, from_datetime
from runtime.clock import Fake
from tests.city.schedule.bench import CALENDARS, KIND, Bench, lite, written
from tests.fixtures.tables import ready


def at(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Jakarta")))


def test_migrations_make_what_the_code_declares(city_url: str) -> None:
    db = ready(city_url, [HISTORY])
    check(db, [HISTORY])
    assert differences(db, HISTORY) == []
    db.close()


def test_a_clock_fires_when_it_is_due_and_then_is_gone(bench: Bench) -> None:
    due = bench.set("a", after=10, payload={"incident": "TGI-2026-000123", "step": 2})
    assert bench.fire() == 0
    bench.time.advance(10)
    assert bench.fire() == 1
    assert written(bench.db) == ["a"]
    assert bench.get("a") is None
    assert due == bench.time.now()


def test_an_undone_transaction_sets_nothing(bench: Bench) -> None:
    def set_and_fail() -> None:
        with bench.db.begin() as tx:
            bench.clocks.set(tx, Clock(kind=KIND, key="a", due=bench.time.now()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        set_and_fail()
    assert bench.fire() == 0


def test_setting_again_moves_it(bench: Bench) -> None:
    bench.set("a", after=10)
    bench.set("a", after=20, payload={"n": 2})
    bench.time.advance(10)
    assert bench.fire() == 0
    standing = bench.get("a")
    assert standing is not None
    assert (standing.payload, standing.state) == ({"n": 2}, State.RUNNING)
    bench.time.advance(10)
    assert bench.fire() == 1


def test_what_was_missed_fires_at_once_and_in_order(bench: Bench) -> None:
    for number in range(250):
        bench.set(f"k{number}", after=250 - number)
    bench.time.advance(3_600)
    assert bench.fire() == 250
    assert written(bench.db) == [f"k{number}" for number in reversed(range(250))]


def test_move_and_cancel_tell_whether_there_was_one(bench: Bench) -> None:
    bench.set("a", after=5)
    with bench.db.begin() as tx:
        assert bench.clocks.move(tx, KIND, "a", bench.time.now() + 60 * SECOND)
        assert not bench.clocks.move(tx, KIND, "b", bench.time.now())
        assert not bench.clocks.cancel(tx, KIND, "b")
    bench.time.advance(30)
    assert bench.fire() == 0
    with bench.db.begin() as tx:
        assert bench.clocks.cancel(tx, KIND, "a")
        assert not bench.clocks.cancel(tx, KIND, "a")
    bench.time.advance(3_600)
    assert bench.fire() == 0


def test_a_pause_keeps_what_is_left(bench: Bench) -> None:
    bench.set("a", after=60)
    bench.time.advance(20)
    with bench.db.begin() as tx:
        assert bench.clocks.pause(tx, KIND, "a", reason="waiting for the\nreporter")
        assert not bench.clocks.pause(tx, KIND, "a", reason="again")
        assert not bench.clocks.pause(tx, KIND, "b", reason="none")
    standing = bench.get("a")
    assert standing is not None
    assert (standing.state, standing.remaining, standing.reason) == (
        State.PAUSED,
        40 * SECOND,
        "waiting for the\\x0areporter",
    )
    bench.time.advance(10_000)
    assert bench.fire() == 0
    with bench.db.begin() as tx:
        assert bench.clocks.resume(tx, KIND, "a") == bench.time.now() + 40 * SECOND
        assert bench.clocks.resume(tx, KIND, "a") is None
    bench.time.advance(39)
    assert bench.fire() == 0
    bench.time.advance(1)
    assert bench.fire() == 1


def test_a_paused_clock_that_is_moved_stays_paused(bench: Bench) -> None:
    bench.set("a", after=60)
    with bench.db.begin() as tx:
        bench.clocks.pause(tx, KIND, "a", reason="x")
        bench.clocks.move(tx, KIND, "a", bench.time.now() + 10 * SECOND)
    bench.time.advance(100)
    assert bench.fire() == 0
    with bench.db.begin() as tx:
        assert bench.clocks.resume(tx, KIND, "a") == bench.time.now() + 10 * SECOND


@pytest.mark.parametrize(
    "calendar, paused, resumed, due",
    [
        ("hours", "2026-11-13T15:30", "2026-11-16T08:00", "2026-11-16T13:30"),  # 4.5 h left over a weekend
        (
            "days",
            "2026-11-11T16:00",
            "2026-12-23T16:00",
            "2026-12-29T16:00",
        ),  # two working days over Christmas
        ("always", "2026-11-13T15:30", "2026-11-16T08:00", "2026-11-16T23:00"),
    ],
)
def test_a_pause_counts_in_the_clocks_calendar(
    db: Database, calendar: str, paused: str, resumed: str, due: str
) -> None:
    bench = Bench(db, Fake(at(paused)))
    left = {"hours": 4 * HOUR + 30 * MINUTE, "always": 15 * HOUR}
    first = (
        CALENDARS.days.closing(at(paused), 2)
        if calendar == "days"
        else CALENDARS[calendar].after(at(paused), left[calendar])
    )
    with db.begin() as tx:
        bench.clocks.set(tx, Clock(kind=KIND, key="a", due=first, calendar=calendar))
        bench.clocks.pause(tx, KIND, "a", reason="waiting")
    bench.time.jump((at(resumed) - at(paused)) / SECOND)
    with db.begin() as tx:
        assert bench.clocks.resume(tx, KIND, "a") == at(due)


def test_a_paused_repeated_clock_goes_on_at_its_next_time(bench: Bench) -> None:
    first = bench.set("a", after=60, every=Every(span=MINUTE))
    with bench.db.begin() as tx:
        bench.clocks.pause(tx, KIND, "a", reason="x")
    bench.time.advance(1_000)
    with bench.db.begin() as tx:
        due = bench.clocks.resume(tx, KIND, "a")
    assert due is not None
    assert 0 < due - bench.time.now() <= MINUTE
    assert (due - first) % MINUTE == 0


@lite
@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "two words"},
        {"key": "Siti Aminah"},
        {"key": "081234567890"},
        {"key": "3274010101900001"},
        {"payload": {"to": "siti@example.org"}},
        {"payload": {"phone": "+6281234567890"}},
        {"payload": {"many": "x" * 200}},
        {"payload": {f"n{number}": "x" * 100 for number in range(30)}},
        {"calendar": "lunar"},
        {"every": Every(span=1)},
        {"every": At(times=("25:00",))},
        {"every": At(times=())},
        {"every": At(times=("07:00",), weekdays=(7,))},
        {"every": At(times=("07:00",), days=(0,))},
    ],
)
def test_what_tells_of_people_or_cannot_be_kept_is_refused(bench: Bench, wrong: dict[str, object]) -> None:
    good: dict[str, object] = {"kind": KIND, "key": "a", "due": 1}
    clock = Clock(**(good | wrong))  # type: ignore[arg-type]
    with bench.db.begin() as tx, pytest.raises(Refused) as refused:
        bench.clocks.set(tx, clock)
    for value in ("Siti", "0812", "3274", "siti@", "+62"):
        assert value not in str(refused.value)


async def test_a_bell_rings_only_for_what_is_due_soon(bench: Bench) -> None:
    bell = bench.db.bell(SET)
    seen = bell.count
    bench.set("later", after=3_600)
    assert bell.count == seen
    bench.set("soon", after=0.5)
    assert bell.count == seen + 1


@pytest.mark.parametrize(
    "query, used",
    [
        ("SELECT min(wake) FROM clocks WHERE kind = 'x' AND wake IS NOT NULL", "ix_clocks_wake"),
        ("SELECT * FROM clocks WHERE kind = 'x' AND wake <= 5 ORDER BY wake LIMIT 10", "ix_clocks_wake"),
        (
            "SELECT * FROM clocks WHERE state = 'parked' AND wake IS NULL AND id > 5 ORDER BY id",
            "ix_clocks_resting",
        ),
        ("SELECT * FROM clocks WHERE error != '' AND id > 5 ORDER BY id", "ix_clocks_failing"),
    ],
)
def test_looks_go_by_an_index(db: Database, query: str, used: str) -> None:
    explain = "EXPLAIN QUERY PLAN " if db.lite else "EXPLAIN "
    with db.begin() as tx:
        if not db.lite:
            tx.execute(text("SET LOCAL enable_seqscan = off"))
        plan = " ".join(str(row) for row in tx.execute(text(explain + query)))
    assert used in plan
