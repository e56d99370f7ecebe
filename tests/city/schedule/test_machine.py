"""Whatever is done to clocks in whatever order, the table does what a few dictionaries would."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, select

from city.db import Database
from city.schedule import Clock, State
from city.schedule.tables import clocks
from contracts.instants import HOUR, MINUTE, SECOND
from tests.city.schedule.bench import CALENDARS, KIND, Bench, log

keys = st.sampled_from(["a", "b", "c"])
names = st.sampled_from(["always", "hours", "days"])
ahead = st.integers(-2 * HOUR, 80 * HOUR)


class Model:
    """One clock, as it should be."""

    def __init__(self, due: int, calendar: str) -> None:
        self.due = due
        self.calendar = CALENDARS[calendar]
        self.left: int | None = None


class Machine(RuleBasedStateMachine):
    db: Database

    @initialize()
    def begin(self) -> None:
        self.bench = Bench(self.db)
        self.model: dict[str, Model] = {}
        self.fired: list[tuple[str, int]] = []
        with self.db.begin() as tx:
            tx.execute(delete(clocks))
            tx.execute(delete(log))

    @property
    def now(self) -> int:
        return self.bench.time.now()

    @rule(key=keys, span=ahead, calendar=names)
    def set(self, key: str, span: int, calendar: str) -> None:
        due = self.now + span
        with self.db.begin() as tx:
            self.bench.clocks.set(tx, Clock(kind=KIND, key=key, due=due, calendar=calendar))
        self.model[key] = Model(due, calendar)

    @rule(key=keys, span=ahead)
    def move(self, key: str, span: int) -> None:
        with self.db.begin() as tx:
            moved = self.bench.clocks.move(tx, KIND, key, self.now + span)
        assert moved == (key in self.model)
        if moved:
            one = self.model[key]
            one.due = self.now + span
            if one.left is not None:
                one.left = one.calendar.between(self.now, one.due)

    @rule(key=keys)
    def cancel(self, key: str) -> None:
        with self.db.begin() as tx:
            assert self.bench.clocks.cancel(tx, KIND, key) == (self.model.pop(key, None) is not None)

    @rule(key=keys)
    def pause(self, key: str) -> None:
        one = self.model.get(key)
        with self.db.begin() as tx:
            paused = self.bench.clocks.pause(tx, KIND, key, reason="x")
        assert paused == (one is not None and one.left is None)
        if paused and one is not None:
            one.left = one.calendar.between(self.now, one.due)

    @rule(key=keys)
    def resume(self, key: str) -> None:
        one = self.model.get(key)
        with self.db.begin() as tx:
            due = self.bench.clocks.resume(tx, KIND, key)
        if one is None or one.left is None:
            assert due is None
            return
        one.due = one.calendar.after(self.now, one.left)
        assert due == one.due
        # A pause and its end shorten nothing and give away next to nothing.
        assert 0 <= one.calendar.between(self.now, one.due) - one.left <= 4 or one.left < 0
        one.left = None

    @rule(minutes=st.integers(1, 3_000))
    def wait_and_fire(self, minutes: int) -> None:
        self.bench.time.advance(minutes * MINUTE / SECOND)
        due = {key: one.due for key, one in self.model.items() if one.left is None and one.due <= self.now}
        assert self.bench.fire() == len(due)
        for key in due:
            del self.model[key]
        self.fired += sorted(due.items(), key=lambda item: item[1])

    @invariant()
    def the_table_is_the_model(self) -> None:
        if not hasattr(self, "bench"):
            return
        with self.db.read() as tx:
            rows: dict[str, Any] = {row.key: row for row in tx.execute(select(clocks))}
            seen = tx.execute(select(log.c.key, log.c.due).order_by(log.c.n)).all()
        assert sorted(tuple(row) for row in seen) == sorted(self.fired)
        assert rows.keys() == self.model.keys()
        for key, one in self.model.items():
            paused = one.left is not None
            assert rows[key].state == (State.PAUSED if paused else State.RUNNING)
            assert rows[key].remaining == one.left
            assert rows[key].wake == (None if paused else one.due)
            assert rows[key].due == one.due


def test_clocks_do_what_they_should(db: Database) -> None:
    class Here(Machine):
        pass

    Here.db = db
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
