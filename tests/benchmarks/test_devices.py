"""The storm itself, small: everybody comes back, and what a crowd counts is what the store has."""

import pytest

from benchmarks import devices


@pytest.mark.system
def test_a_crowd_comes_back_after_its_broker_was_killed() -> None:
    figures = devices.run(devices=60, period=0.5, broker="mosquitto", say=lambda _: None, seconds=1)
    assert (figures["lost"], figures["duplicated"]) == (0, 0)
    assert figures["recorded"] == figures["stored"] >= 60 * 2 * 8
    assert {"agent_rss_mb", "agent_cpu_percent", "agent_start_s"} <= figures.keys()
    assert 0 < figures["reconnect_s"] <= figures["recovered_s"]
