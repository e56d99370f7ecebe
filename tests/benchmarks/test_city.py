"""The city's benchmark itself: a small run, to see that its figures are there and mean something."""

from pathlib import Path

from benchmarks.city_clocks import clocks
from benchmarks.city_deliver import deliver
from benchmarks.city_outbox import audit, outbox
from benchmarks.city_stage import Stage

SECONDS = 0.5


def test_a_small_run(tmp_path: Path) -> None:
    said: list[str] = []
    with Stage(f"sqlite:///{tmp_path / 'city.sqlite'}", tmp_path) as stage:
        figures = stage.raw(SECONDS)
        figures |= outbox(stage, SECONDS, said.append, backlog=200)
        figures |= audit(stage, SECONDS, said.append)
        figures |= deliver(stage, SECONDS, said.append, burst=2)
        figures |= clocks(stage, 500, SECONDS, said.append)
    assert {
        "raw_inserts_per_s",
        "outbox_events_per_s",
        "outbox_backlog_events_per_s",
        "audit_appends_per_s",
        "deliver_ms_p99",
        "deliveries_per_s",
        "loopback_posts_per_s",
        "clocks_fired_late_ms_p99",
    } <= figures.keys()
    assert all(value >= 0 for value in figures.values())
    assert figures["deliver_ms_p99"] < 60_000
    assert figures["clocks_fired"] == 100
    assert said
