"""The wait after failures, whatever comes in whatever order."""

from hypothesis import given
from hypothesis import strategies as st

from city.identity.settings import Throttle
from city.identity.throttle import wait

LIMITS = Throttle()


@given(st.integers(-10, 10_000))
def test_a_wait_grows_and_has_an_end(beyond: int) -> None:
    here = wait(beyond, LIMITS)
    assert 0 <= here <= wait(beyond + 1, LIMITS) <= LIMITS.most
    assert (here > 0) == (beyond > 0)
