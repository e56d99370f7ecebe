"""The figures of analytics, small: every sample is judged, and each timed alert came and went."""

import numpy as np
import pytest

from benchmarks import analytics, analytics_path


def test_judging_is_measured_over_all_series() -> None:
    figures = analytics.judging(120, lambda _: None)
    assert figures["series"] == 120
    assert 0 < figures["tick_ms_p50"] <= figures["tick_ms_p99"]
    assert figures["points_per_s"].keys() == {"default", "thresholds", "ensemble"}
    assert min(figures["points_per_s"].values()) > 0


@pytest.mark.system
def test_the_way_of_an_alert_is_timed_beside_a_bare_round_trip() -> None:
    figures = analytics_path.run(rate=500, rounds=10, broker="mosquitto", say=lambda _: None)
    assert figures["alerts"] == 10
    for what in ("sample_to_alert", "bare_round_trip"):
        assert 0 < figures[f"{what}_ms_p50"] <= figures[f"{what}_ms_p99"]
    assert figures["sample_to_alert_ms_p50"] > figures["bare_round_trip_ms_p50"], "it has the longer way"


def test_the_ratio_is_of_the_same_percentile() -> None:
    times = analytics_path.Times(alerts=[0.01] * 99 + [0.5], bare=[0.001] * 100)
    figures = times.figures()
    assert (figures["sample_to_alert_ms_p50"], figures["ratio_p50"]) == (10, 10)
    assert figures["ratio_p99"] == round(float(np.percentile(times.alerts, 99)) * 1_000, 1)
