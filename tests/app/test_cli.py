"""The command line as its user meets it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import COMMANDS


def imm(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


def test_help_lists_every_command_without_importing_one() -> None:
    program = "import sys; sys.argv = ['imm', '--help']\nfrom app.cli import main\ntry: main()\n"
    program += "finally: print([m for m in ('duckdb', 'fastapi', 'sqlalchemy', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert done.stdout.endswith("[]\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_imported_and_explains_itself(name: str) -> None:
    done = imm(name, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage: imm" in done.stdout


def test_wrong_setting_is_told_in_three_parts(tmp_path: Path) -> None:
    done = imm("doctor", IMM_DATA=str(tmp_path), IMM_STORE__ENGINE="oracle")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: the settings cannot be used",
        "  why: setting store.engine = oracle: Invalid enum value 'oracle'",
        "  do:  correct the variable IMM_STORE__ENGINE",
    ]


def test_unknown_setting_names_the_nearest(tmp_path: Path) -> None:
    config = tmp_path / "imm.toml"
    config.write_text("[stoer]\nengine = 'influx'\n", encoding="utf-8")
    done = imm("--config", str(config), "doctor")
    assert done.returncode == 1
    assert "nearest: store" in done.stderr


def test_platform_that_is_not_there_says_how_to_start_it() -> None:
    done = imm("ledger", "--api", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "no answer from http://127.0.0.1:9" in done.stderr
    assert "imm up" in done.stderr


def test_single_process_refuses_the_embedded_store(tmp_path: Path) -> None:
    done = imm("run", "ingest", IMM_DATA=str(tmp_path))
    assert done.returncode == 1
    assert "belongs to one process" in done.stderr


def test_migrate_brings_a_new_database_up_to_date(tmp_path: Path) -> None:
    before = imm("migrate", "--check", IMM_DATA=str(tmp_path))
    assert before.returncode == 1
    assert "imm migrate" in before.stderr
    done = imm("migrate", "--json", IMM_DATA=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["state"] == "up to date"
    assert imm("migrate", "--check", IMM_DATA=str(tmp_path)).returncode == 0


def test_doctor_finds_this_machine_fit_and_a_bad_roster_unfit(tmp_path: Path) -> None:
    fit = imm("doctor", "--json", IMM_DATA=str(tmp_path))
    assert fit.returncode == 0, fit.stdout + fit.stderr
    assert {one["what"] for one in json.loads(fit.stdout)} >= {"clock", "disk", "roster", "rules", "store"}
    broken = tmp_path / "roster.toml"
    broken.write_text("[[device]]\ndevice = 'A B'\nkind = 'kiosk'\nsite = 'bima'\n", encoding="utf-8")
    unfit = imm("doctor", "--json", IMM_DATA=str(tmp_path), IMM_ROSTER=str(broken))
    assert unfit.returncode == 1
    (roster,) = [one for one in json.loads(unfit.stdout) if one["what"] == "roster"]
    assert roster["ok"] is False
    assert "inner hyphens" in roster["found"]


def test_doctor_names_what_to_install_before_letters_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library libpango-1.0-0')\n")
    done = imm("doctor", "--json", IMM_DATA=str(tmp_path / "data"), PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    (found,) = (one for one in json.loads(done.stdout) if one["what"] == "documents")
    assert not found["ok"]
    assert "apt-get install" in found["cure"]
    assert "libpango-1.0-0" in found["cure"]
