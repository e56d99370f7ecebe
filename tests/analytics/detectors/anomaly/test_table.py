import pytest

from analytics.detectors.anomaly.table import BadRow, read

GOOD = ["timestamp,value\n", "2026-01-01 00:00:00,1\n"]


def test_rows_come_in_the_order_of_the_lines() -> None:
    rows = list(read([*GOOD, "\n", "2026-01-01 00:00:00,-2.5e3\n", "2025-12-31T23:00:00+07:00, 3\n"]))
    assert [row.value for row in rows] == [1.0, -2_500.0, 3.0]
    assert [row.stamp for row in rows][2] == "2025-12-31T23:00:00+07:00"
    assert [row.time // 1_000_000 for row in rows] == [1_767_225_600, 1_767_225_600, 1_767_196_800]


@pytest.mark.parametrize(
    "lines, line, field, reason",
    [
        ([], 0, "table", "is empty"),
        (GOOD[:1], 1, "table", "no samples"),
        (["time,value\n", GOOD[1]], 1, "header", "is not timestamp,value"),
        (["\n", *GOOD], 1, "header", "is not timestamp,value"),
        ([*GOOD, "2026-01-01 00:05:00\n"], 3, "columns", "there are 1, not 2"),
        ([*GOOD, "2026-01-01 00:05:00,1,2\n"], 3, "columns", "there are 3, not 2"),
        ([*GOOD, "soon,1\n"], 3, "timestamp", "no date and time"),
        ([*GOOD, "2026-02-30 00:00:00,1\n"], 3, "timestamp", "no date and time"),
        ([*GOOD, "2026-01-01 00:05:00,\udce9\n"], 3, "value", "no number"),
        ([*GOOD, "2026-01-01 00:05:00,\n"], 3, "value", "no number"),
        ([*GOOD, "2026-01-01 00:05:00,1_0\n"], 3, "value", "no number"),
        ([*GOOD, "2026-01-01 00:05:00,nan\n"], 3, "value", "not finite"),
        ([*GOOD, "2026-01-01 00:05:00,-1e999\n"], 3, "value", "not finite"),
        ([*GOOD, '2026-01-01 00:05:00,"1\n'], 3, "line", "cannot be read"),
        ([*GOOD, f"{'9' * 200_000},1\n"], 3, "line", "cannot be read"),
    ],
)
def test_what_is_no_sample_is_told_by_line_field_and_reason(
    lines: list[str], line: int, field: str, reason: str
) -> None:
    with pytest.raises(BadRow, match=reason) as caught:
        list(read(lines))
    assert (caught.value.line, caught.value.field) == (line, field)
    assert len(str(caught.value)) < 300
