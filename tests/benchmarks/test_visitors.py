"""Visitors are counted as well as is promised, through the whole path: a few days here, 200 in a long run."""

from benchmarks import visitors

PROMISED = 0.02  # of the truth, 95 times of 100, at 100,000 visitors and 5 nodes


def test_two_days_of_many() -> None:
    """The error of a sketch is a share of the truth, whether they are 20,000 or, in a long run, 100,000."""
    said: list[str] = []
    figures = visitors.run(2, visitors=20_000, seed=7, say=said.append)
    assert figures["error_max"] < 1.5 * PROMISED
    assert figures["sketch_bytes_max"] < 16_384
    assert figures["bounds_hold"] >= 0.5
    assert figures["wifi_counting_rss_mb"] < 80
    assert len(said) == 2


def test_few_visitors_are_counted_nearly_exactly() -> None:
    assert visitors.run(2, visitors=1_000, seed=7)["error_max"] < PROMISED / 4
