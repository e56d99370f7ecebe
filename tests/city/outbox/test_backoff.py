"""Waits grow, spread and stay bounded; what a receiver asks for is understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.outbox import backoff
from contracts.instants import SECOND

NOW = 1_790_000_000 * SECOND  # 2026-09-21T14:13:20Z


@given(attempt=st.integers(min_value=-1, max_value=10_000), first=st.floats(0.001, 10))
def test_a_wait_is_doubled_within_a_quarter_and_bounded(attempt: int, first: float) -> None:
    found = backoff.delay(attempt, first=first, most=300)
    wanted = first * 2.0 ** min(max(attempt, 1) - 1, 60)
    assert min(300, wanted * 0.75) <= found <= min(300, wanted * 1.25)


def test_waits_are_spread() -> None:
    assert len({backoff.delay(3, first=1, most=300) for _ in range(20)}) > 10


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Mon, 21 Sep 2026 14:14:20 GMT", 60.0),
        ("Mon, 21 Sep 2026 14:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("٣", None),
        ("9" * 400, None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    assert backoff.retry_after(text, NOW) == seconds
