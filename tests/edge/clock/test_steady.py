"""The agent's time goes on by itself: whatever the machine's clock does, no burst, no hole, nothing twice."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.instants import DAY, HOUR
from edge.clock.steady import SLEW, Change, Steady
from runtime.clock import KNOWN, Fake

NOW = 1_790_000_000_000_000
YEAR = 365 * DAY


class Machine(Fake):
    """A machine's clock, and whether NTP holds it."""

    synced = False

    def synchronised(self) -> bool:
        return self.synced


def steady(machine: Machine, good: int = 0) -> Steady:
    return Steady(machine, good=good, elapsed=machine.monotonic, synchronised=machine.synchronised)


@pytest.mark.parametrize("start", [5_000_000, KNOWN - 1])
def test_before_2020_no_time_is_known_and_what_is_told_counts_from_the_boot(start: int) -> None:
    machine = Machine(start, monotonic=42.0)
    clock = steady(machine)
    assert not clock.known
    assert clock.now() == 42_000_000
    assert "before 2020" in clock.reason
    machine.advance(10)
    machine.jump((NOW - machine.now()) / 1e6)
    change = clock.look()
    assert change == Change(shift=NOW - 52_000_000, found=True)
    assert clock.now() == NOW
    assert clock.fix(42_000_000) == NOW - 10_000_000
    assert clock.fix(NOW) == NOW


def test_a_clock_behind_the_last_known_good_time_is_not_believed_until_it_is_synchronised() -> None:
    machine = Machine(NOW - HOUR, monotonic=7.0)
    clock = steady(machine, good=NOW)
    assert not clock.known
    assert "already" in clock.reason
    machine.synced = True
    assert clock.look() is not None
    assert clock.now() == machine.now()
    assert steady(Machine(NOW - 60_000_000), good=NOW).known, "a minute is what clocks differ by"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [0.0, 0.0, 0.0, 0.3, -0.3, 2.0, -2.0, 500.0, -500.0, 7_200.0, -7_200.0, 1e8, -1e8]
            ),
            st.booleans(),
        ),
        min_size=5,
        max_size=80,
    )
)
@settings(max_examples=150, deadline=None)
def test_unsynchronised_leaps_and_all_small_steps_leave_a_steady_time(
    steps: list[tuple[float, bool]],
) -> None:
    machine = Machine(NOW)
    clock = steady(machine)
    times = [clock.now()]
    lost = 0.0  # what the machine's clock is away by leaps nobody should follow
    for step, synced in steps:
        lost += step
        machine.synced = synced and abs(lost) < SLEW / 2
        machine.jump(step)
        for _ in range(5):
            machine.advance(10)
            assert clock.look() is None
            times.append(clock.now())
    gaps = [after - before for before, after in pairwise(times)]
    assert min(gaps) >= 9_000_000, "no burst, and no time twice"
    assert max(gaps) <= 11_000_000, "no hole"


def test_a_small_step_is_taken_up_within_ten_times_its_length() -> None:
    machine = Machine(NOW)
    clock = steady(machine)
    machine.jump(-30)
    for _ in range(310):
        machine.advance(1)
        clock.look()
    assert abs(clock.now() - machine.now()) <= 100_000
    assert abs(clock.offset) <= 0.1


def test_a_leap_that_is_not_followed_is_told_and_counted_once() -> None:
    machine = Machine(NOW)
    clock = steady(machine)
    for _ in range(3):
        machine.advance(1)
        machine.jump(-YEAR / 1e6 / 3)
        clock.look()
    assert clock.leaps == 1
    assert "was set to" in clock.reason
    assert clock.offset == pytest.approx(-YEAR / 1e6)
    machine.jump(YEAR / 1e6)
    assert clock.look() is None
    assert clock.reason == ""


def test_a_synchronised_leap_moves_a_clock_that_nobody_had_confirmed() -> None:
    machine = Machine(NOW)
    clock = steady(machine)
    machine.synced = True
    machine.jump(7_200)
    assert clock.look() == Change(shift=7_200_000_000, found=False)
    assert clock.now() == machine.now()


def test_a_confirmed_clock_follows_only_after_an_hour_of_disagreement_and_moves_nothing_told() -> None:
    machine = Machine(NOW)
    machine.synced = True
    clock = steady(machine)
    machine.jump(-7_200)
    changes: list[Change] = []
    seconds = 0
    for _ in range(4_000):
        machine.advance(1)
        if change := clock.look():
            changes.append(change)
            seconds = round(machine.monotonic())
    assert changes == [Change(shift=0, found=False)]
    assert 3_600 <= seconds <= 3_603


def test_drift_is_told_against_a_synchronised_clock() -> None:
    machine = Machine(NOW)
    machine.synced = True
    clock = steady(machine)
    clock.look()
    machine.synced = False
    machine.advance(30 * 86_400)
    machine.jump(52)  # 20 millionths
    machine.synced = True
    clock.look()
    assert clock.drift == pytest.approx(2e-5, rel=0.01)
    assert clock.offset == pytest.approx(52)
