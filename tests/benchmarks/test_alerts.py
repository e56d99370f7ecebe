"""The alerts' benchmark itself, small: its figures are there, and it leaves nothing firing."""

from benchmarks import alerts


def test_every_figure_is_told() -> None:
    found = alerts.run(40, rounds=3, databases=("sqlite",))
    figures = found["sqlite"]
    assert (figures["alerts"], figures["groups"]) == (40.0, 20.0)
    asked = ("list", "list_filtered", "groups", "members", "preview", "silence", "silence_spread")
    assert figures.keys() == {
        "alerts",
        "groups",
        "fired_per_s",
        "resolved_per_s",
        *(f"{name}_ms_{part}" for name in asked for part in ("p50", "p99")),
    }
    assert min(figures.values()) > 0
