from benchmarks.store import run


def test_the_benchmark_gives_every_figure_on_a_small_set() -> None:
    figures = run(60_000, memory_mb=128)
    assert figures["rows"] == 60_000
    assert {"write_rows_per_s", "bulk_rows_per_s", "write_ratio"} <= figures.keys()
    for name in ("last_hour_ms_p50", "year_ms_p50", "year_p95_ms_p50", "bare_year_ms_p50", "bytes_per_row"):
        assert figures[name] > 0
