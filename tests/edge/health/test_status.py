"""The engineer on the roof reads what is, since when, why and what to do; also of an agent that is gone."""

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from edge.cli import edge
from edge.health import boot, show, word
from edge.health.cures import cure
from edge.health.tend import span
from edge.health.word import Queue, Raised, State, Trouble, Word

NOW = 1_790_000_000_000_000
MINUTE = 60_000_000


def said(**changes: Any) -> Word:
    whole = Word(
        site="bima",
        device="kiosk-07",
        version="1.2.3",
        pid=os.getpid(),
        boot=boot.boot(),
        uptime=boot.uptime(),
        time=NOW,
        started=NOW - 130 * MINUTE,
        connection=State(name="connection", ok=True, since=NOW - 5 * MINUTE),
        clock=State(name="clock", ok=True, since=NOW - 130 * MINUTE),
        queue=Queue(batches={"event": 0, "telemetry": 0}, bytes=0, limit_bytes=1_000, oldest=0, shed={}),
    )
    return msgspec.structs.replace(whole, **changes)


def told(tmp_path: Path, whole: Word | None, *arguments: str) -> tuple[int, str]:
    if whole:
        word.write(tmp_path / word.NAME, whole)
    result = CliRunner().invoke(
        edge,
        ["status", "--folder", str(tmp_path), *arguments],
    )
    return result.exit_code, result.output


def test_all_is_well(tmp_path: Path) -> None:
    code, output = told(tmp_path, said())
    assert code == 0
    assert "kiosk-07 in bima, imm-edge 1.2.3" in output
    assert "runs for 2 h 10 min" in output
    assert "connected for 5 min" in output
    assert "nothing waits" in output
    assert "!" not in output


def test_what_is_wrong_has_age_reason_and_cure(tmp_path: Path) -> None:
    broken = said(
        connection=State(
            name="connection",
            ok=False,
            since=NOW - 62 * MINUTE,
            reason="Connection refused",
            cure=cure("Connection refused"),
        ),
        queue=Queue(
            batches={"event": 3, "telemetry": 318},
            bytes=50,
            limit_bytes=1_000,
            oldest=NOW - 62 * MINUTE,
            shed={"telemetry": 7},
            stride=3,
        ),
        alerts=(
            Raised(name="temperature.high", severity="severe", since=NOW - MINUTE, text="hot", value=91.5),
        ),
        trouble=Trouble(time=NOW, text="disk is full", cure="free space"),
        parts=(State(name="host", ok=False, since=NOW, reason="gives no answer within 10 s"),),
    )
    code, output = told(tmp_path, broken)
    assert code == 1
    for part in (
        "! connection   not connected for 1 h 2 min",
        "Connection refused",
        "do: see that host and port are right",
        "321 batches wait (3 event, 318 telemetry), the oldest for 1 h 2 min; 5.0 % of its space",
        "7 of telemetry since the start",
        "one of 3 readings",
        "severe for 1 min: hot (now 91.5)",
        "! host",
        "disk is full",
        "do: free space",
    ):
        assert part in output, output


@pytest.mark.parametrize(
    "changes,text",
    [
        ({"pid": 2**22 + 1}, "does not run, or hangs"),
        ({"boot": "another"}, "has not run since the machine was started"),
        ({"uptime": -90.0}, "its last word is 1 min 3"),
    ],
)
def test_an_agent_that_is_gone_is_not_shown_as_well(
    tmp_path: Path, changes: dict[str, Any], text: str
) -> None:
    if "uptime" in changes:
        changes = {"uptime": boot.uptime() + changes["uptime"]}
    code, output = told(tmp_path, said(**changes))
    assert code == 1
    assert text in output


def test_no_word_at_all_is_told_with_a_cure(tmp_path: Path) -> None:
    code, output = told(tmp_path, None)
    assert code == 1
    assert "do:  start it" in output


def test_a_file_that_is_none_of_ours_is_told(tmp_path: Path) -> None:
    (tmp_path / word.NAME).write_text("{")
    code, output = told(tmp_path, None)
    assert code == 1
    assert "cannot be read" in output


def test_a_program_reads_json(tmp_path: Path) -> None:
    code, output = told(tmp_path, said(), "--json")
    assert code == 0
    assert json.loads(output)["connection"]["ok"] is True


def test_the_word_lies_in_memory_where_systemd_gives_a_folder(tmp_path: Path) -> None:
    assert word.place(tmp_path, {"RUNTIME_DIRECTORY": "/run/imm-edge:/run/b"}) == Path(
        "/run/imm-edge/status.json"
    )
    assert word.place(tmp_path, {}) == tmp_path / "status.json"


def test_times_before_2020_are_not_shown_as_dates() -> None:
    lines = "\n".join(show.lines(said(clock=State(name="clock", ok=False, since=3 * MINUTE, reason="r"))))
    assert "before the time was known" in lines


@pytest.mark.parametrize(
    "seconds,text",
    [
        (-3, "0 s"),
        (59.6, "1 min"),
        (3_601, "1 h"),
        (3_660, "1 h 1 min"),
        (90_000, "1 d 1 h"),
        (86_401, "1 d"),
    ],
)
def test_spans_are_read_at_a_glance(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    "reason",
    [
        "Connect call failed ('127.0.0.1', 1883)",
        "TLS: certificate is not yet valid",
        "Temporary failure in name resolution",
        "no answer within 30 s",
        "the machine's clock says 1970-01-01 00:05, before 2020",
    ],
)
def test_what_is_met_most_often_has_a_cure(reason: str) -> None:
    assert cure(reason)
