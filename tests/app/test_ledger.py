"""`imm ledger` adds up what differs; it never sets one hour's excess against another hour's loss."""

from typing import Any

import pytest
from click.testing import CliRunner

from app.commands import ledger
from contracts.instants import HOUR

NOON = 497_000 * HOUR


def row(hour: int, **counts: int | None) -> dict[str, Any]:
    zero = dict.fromkeys(("shed", "received", "dead", "duplicated", "unsequenced"), 0)
    about = {"site": "bima", "kind": "kiosk", "device": "kiosk-1", "channel": "telemetry", "hour": hour}
    return {**about, **zero, **counts}


def lines(monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]], *options: str) -> list[list[str]]:
    book = {"rows": rows, "holes": [], "next": None, "sums": {"recorded": 0, "stored": 0, "missing": 0}}
    monkeypatch.setattr(ledger, "call", lambda *_args, **_options: book)
    done = CliRunner().invoke(ledger.ledger, list(options), catch_exceptions=False)
    assert done.exit_code == 0
    assert max(map(len, done.output.splitlines())) <= 100
    return [line.split() for line in done.output.splitlines() if "kiosk-1" in line]


def test_missing_and_excess_of_different_hours_are_both_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        row(NOON, recorded=1_234_567, sent=1_234_567, stored=1_234_500),
        row(NOON + HOUR, recorded=100, sent=100, stored=105),
    ]
    (line,) = lines(monkeypatch, rows)
    assert line[-2:] == ["67", "5"]
    assert [line[-2:] for line in lines(monkeypatch, rows, "--hours")] == [["67", "0"], ["0", "5"]]


def test_hours_not_told_yet_are_added_to_those_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told, untold = row(NOON, recorded=9, sent=9, stored=7), row(NOON, recorded=None, sent=None, stored=3)
    for rows in ([told, untold], [untold, told]):
        (line,) = lines(monkeypatch, rows)
        assert (line[4], line[-2:]) == ("9", ["2", "0"])
    (line,) = lines(monkeypatch, [untold, untold])
    assert "not" in line
