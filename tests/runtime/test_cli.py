import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from contracts.errors import Refused
from runtime import cli
from runtime.clock import Fake
from runtime.settings import Wrong


@click.command
@cli.json_option
@cli.report_option
def show(*, json: bool, report: Path | None) -> None:
    """Show two rows."""
    cli.emit([{"device": "k1", "count": 12_345}, {"device": "[b]k2", "count": None}], json=json)
    if report:
        cli.report(report, {"recorded": 3, "embedded": {"ratio": 0.5}}, seed=7, clock=Fake(now=0))


def test_table() -> None:
    result = CliRunner().invoke(show)
    assert "12,345" in result.output
    assert "[b]k2" in result.output
    assert max(map(len, result.output.splitlines())) <= cli.WIDTH


def test_json() -> None:
    result = CliRunner().invoke(show, ["--json"])
    assert json.loads(result.output) == [
        {"device": "k1", "count": 12_345},
        {"device": "[b]k2", "count": None},
    ]


def test_one_record(capsys: pytest.CaptureFixture[str]) -> None:
    cli.emit({"lost": 0, "ratio": 0.123456}, json=False)
    assert "0.123" in capsys.readouterr().out
    cli.emit([], json=False)
    assert capsys.readouterr().out == "nothing\n"


def test_report_has_meta(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "r.json"
    CliRunner().invoke(show, ["--report", str(path)], catch_exceptions=False)
    found = json.loads(path.read_text())
    assert found["recorded"] == 3
    assert found["meta"]["seed"] == 7
    assert found["meta"]["time"] == "1970-01-01T00:00:00Z"
    assert {"commit", "machine", "versions"} <= set(found["meta"])
    assert [file.name for file in path.parent.iterdir()] == ["r.json"]


@pytest.mark.parametrize(
    "error, parts",
    [
        (Wrong("broker.port", 0, "too low", "set it higher"), ["broker.port = 0: too low", "set it higher"]),
        (Refused("site", "A", "1 to 64 of a-z"), ["site = A: 1 to 64 of a-z", "correct site"]),
    ],
)
def test_failure_has_three_parts(error: Wrong | Refused, parts: list[str]) -> None:
    @click.command
    def fail() -> None:
        raise cli.Failure.of("cannot start", error)

    result = CliRunner().invoke(fail)
    assert result.exit_code == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[0] == "error: cannot start"
    assert parts[0] in lines[1]
    assert parts[1] in lines[2]
