"""What is wrong with an agent's settings is told in three parts."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli import edge
from edge.entry import plain


def told(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(edge, arguments, env=env)
    return result.exit_code, result.output


@pytest.mark.parametrize(
    "text,setting,reason",
    [
        ('site = "bima"', "device", "missing required field"),
        ('site = "Bima"\ndevice = "k1"', "site", "a-z"),
        ('site = "bima"\ndevice = "k1"\nperiod = 0', "period", "0.1 to 3600"),
        ('site = "bima"\ndevice = "k1"\nperiot = 1', "periot", "nearest: period"),
        ('site = "bima"\ndevice = "k1"\n[spool]\nlimit_bytes = 1', "limit_bytes", "at least 65536"),
        ('site = "bima"\ndevice = "k1"\n[wifi]\ntargets = ["x"]', "targets", "host:port"),
        ("site = ", "file", "is not TOML"),
    ],
)
def test_a_wrong_setting_is_named_with_its_reason_and_cure(
    tmp_path: Path, text: str, setting: str, reason: str
) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(text)
    code, output = told("kiosk", "--config", str(file))
    assert code == 1
    assert setting in output
    assert reason in output
    assert "do:" in output


def test_options_go_before_the_environment() -> None:
    code, output = told("kiosk", "--site", "NO", "--device", "k1", env={"IMM_EDGE_SITE": "bima"})
    assert code == 1
    assert "NO" in output


def test_a_replay_without_a_plan_says_what_to_add(tmp_path: Path) -> None:
    code, output = told(
        *("replay", "--site", "bima", "--device", "player", "--spool", str(tmp_path / "s.db"), "--port", "1")
    )
    assert code == 1
    assert "[replay]" in output


def test_a_spool_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, output = told(
        *("kiosk", "--site", "bima", "--device", "k1", "--port", "1"),
        *("--spool", str(tmp_path / "file" / "s.db")),
    )
    assert code == 1
    assert "file" in output


def test_an_agent_that_starts_without_the_command_line_tells_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "agent.toml"
    assert not plain(["kiosk", "--config", str(file)]), "the command line says that there is none"
    assert not plain(["status", "--config", str(tmp_path)])
    assert not plain(["--help"])
    file.write_text('site = "bima"\ndevice = "k1"\nperiot = 1\n')
    with pytest.raises(SystemExit) as stopped:
        plain(["kiosk", "--config", str(file)])
    assert stopped.value.code == 1
    told = capsys.readouterr().err
    assert "periot" in told
    assert "do:" in told
    (tmp_path / "file").write_text("")
    file.write_text(f'site = "bima"\ndevice = "k1"\n[spool]\npath = "{tmp_path}/file/s.db"\n')
    with pytest.raises(SystemExit):
        plain(["kiosk", "--config", str(file)])
    assert "The agent cannot go on" in capsys.readouterr().err
