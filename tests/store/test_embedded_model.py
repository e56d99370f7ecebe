"""Random writes, upkeep and restarts of the embedded engine, against a dict."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from contracts.instants import DAY, HOUR, MINUTE, floor
from contracts.ranges import of
from contracts.series import Data, Selector, Series, Statistic, Value
from store.ledger.seen import Seen
from tests.store.parts import a_block, a_series, contents, open_engine

TODAY = floor(1_790_000_000_000_000, DAY)
ALL = Selector()
FAMILY = [a_series("a"), a_series("b"), a_series("b", "door")]
TIMES = st.one_of(
    st.integers(0, 30),
    st.integers(0, 50).map(lambda i: i * 10 * MINUTE),
    st.integers(0, 30).map(lambda i: i * HOUR),
    st.integers(0, 10 * DAY),
)
SAMPLE_VALUES: st.SearchStrategy[Value] = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(max_size=3).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)),
    st.booleans(),
    st.binary(max_size=3).map(Data),
)
SAMPLES = st.lists(st.tuples(st.sampled_from(FAMILY), TIMES, SAMPLE_VALUES), min_size=1, max_size=25)


class Machine(RuleBasedStateMachine):
    """Random writes, upkeep and restarts against a dict."""

    folder: Path
    number = 0

    @initialize()
    def start(self) -> None:
        Machine.number += 1
        self.path = self.folder / f"{Machine.number}.duckdb"
        self.engine = open_engine(self.path)
        self.model: dict[tuple[Series, int], Value] = {}

    @rule(samples=SAMPLES)
    def write(self, samples: list[tuple[Series, int, Value]]) -> None:
        rows = [(series, TODAY - 10 * DAY + time, value) for series, time, value in samples]
        self.engine.write(a_block(*rows))
        self.model |= {(series, time): value for series, time, value in rows}

    @rule(
        series=st.sampled_from(FAMILY),
        start=TIMES,
        count=st.integers(2, 40),
        step=st.sampled_from([1, 60, 3600]),
    )
    def stream(self, series: Series, start: int, count: int, step: int) -> None:
        first = TODAY - 10 * DAY + start
        self.write(
            [(series, first - (TODAY - 10 * DAY) + i * step * 1_000_000, float(i)) for i in range(count)]
        )

    @rule(days=st.integers(0, 12))
    def roll_up(self, days: int) -> None:
        self.engine.roll_up(TODAY + (days - 10) * DAY)

    @rule()
    def reopen(self) -> None:
        self.engine.close()
        self.engine = open_engine(self.path)

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "engine"):
            return
        assert contents(self.engine) == self.model
        newest = {}
        for (series, time), value in sorted(self.model.items(), key=lambda item: item[0][1]):
            newest[series] = (time, value)
        assert {one.series: (one.time, one.value) for one in self.engine.last(ALL)} == newest
        for step in (HOUR, DAY):
            counts: dict[tuple[Series, int], float] = {}
            for (series, time), value in self.model.items():
                if isinstance(value, float):
                    key = series, floor(time, step)
                    counts[key] = max(value, counts.get(key, value))
            found = self.engine.aggregate(ALL, 0, TODAY + 20 * DAY, step=step, statistic=Statistic.MAX)
            assert {
                (one.series, t): v for one in found for t, v in zip(one.starts, one.values, strict=True)
            } == counts

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.close()


def test_random_writes_agree_with_a_dict(tmp_path: Path) -> None:
    Machine.folder = tmp_path
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=10,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 6)), max_size=30))
def test_received_numbers_are_kept_as_ranges(pairs: list[tuple[int, int]]) -> None:
    seen, model = Seen(), set[int]()
    for first, more in pairs:
        seen.add(first, first + more)
        model |= set(range(first, first + more + 1))
    assert seen.ranges == of(model)
    assert {n for n in range(80) if seen.holds(n)} == model
