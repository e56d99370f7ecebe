"""The pace is steady whatever the machine's clock says."""

from edge.sampling import ticks
from runtime.clock import Fake


class Sleeper:
    """Sleeps by moving the fake clock, sometimes too long."""

    def __init__(self, clock: Fake, late: float = 0.0) -> None:
        self.clock = clock
        self.late = late

    async def __call__(self, seconds: float) -> None:
        self.clock.advance(seconds + self.late)


async def times(clock: Fake, count: int, *, work: float = 0.0, late: float = 0.0) -> list[tuple[float, int]]:
    found: list[tuple[float, int]] = []
    async for missed in ticks(10.0, clock, sleep=Sleeper(clock, late)):
        found.append((round(clock.monotonic(), 6), missed))
        clock.advance(work)
        if len(found) == count:
            break
    return found


async def test_ticks_do_not_drift_although_every_sleep_is_late() -> None:
    found = await times(Fake(), 5, work=3.0, late=0.5)
    assert found == [(0.0, 0), (10.5, 0), (20.5, 0), (30.5, 0), (40.5, 0)]


async def test_ticks_that_could_not_be_kept_are_counted_not_caught_up() -> None:
    assert await times(Fake(), 3, work=35.0) == [(0.0, 0), (35.0, 2), (70.0, 3)]


async def test_a_clock_set_back_a_year_changes_nothing() -> None:
    clock = Fake()
    found: list[float] = []
    async for missed in ticks(10.0, clock, sleep=Sleeper(clock)):
        assert missed == 0
        found.append(clock.monotonic())
        if len(found) == 2:
            clock.jump(-365 * 86_400)
        if len(found) == 4:
            break
    assert found == [0.0, 10.0, 20.0, 30.0]


async def test_a_period_that_changes_counts_from_the_last_tick_at_once() -> None:
    clock = Fake()
    period = [3_600.0]
    found: list[float] = []
    async for missed in ticks(lambda: period[0], clock, sleep=Sleeper(clock)):
        assert missed == 0
        found.append(round(clock.monotonic(), 6))
        if len(found) == 2:
            period[0] = 10.0
        if len(found) == 4:
            break
    assert found == [0.0, 3_600.0, 3_610.0, 3_620.0]


async def test_a_shorter_period_does_not_wait_for_the_longer_one_to_end() -> None:
    clock = Fake()
    found: list[float] = []
    async for missed in ticks(lambda: 3_600 if clock.monotonic() < 100 else 10, clock, sleep=Sleeper(clock)):
        assert missed == 0
        found.append(round(clock.monotonic(), 6))
        if len(found) == 3:
            break
    assert found[1] <= 101
    assert found[2] - found[1] <= 10
