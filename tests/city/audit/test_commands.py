"""`imm audit` as its user meets it."""

import json
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from app.commands.audit import audit
from app.histories import HISTORIES
from app.settings import Settings, resolve
from city.audit import CITY, Sealer
from city.audit.seals import MARK
from city.db import Database
from city.privacy import KeyFile
from runtime.cli import Failure
from runtime.clock import System
from tests.city.audit.books import note, tampering
from tests.fixtures.tables import ready


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("IMM_DATA", str(tmp_path / "data"))
    settings = resolve(Settings(data=tmp_path / "data"))
    db = ready(settings.city.url, HISTORIES)
    keys = KeyFile(settings.privacy.keys_file, clock=System())
    keys.make()
    note(db, System(), 3)
    Sealer(db, System(), settings=settings.audit, sign=partial(keys.mac, MARK)).turn()
    note(db, System(), 1, first=4)
    return db


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(audit, [*words], obj=None)
    if isinstance(done.exception, Failure):
        return done.exit_code, str(done.exception)
    return done.exit_code, done.output


def test_entries_are_listed(city: Database) -> None:
    code, output = run("list", "--json", "--limit", "2", "--action", "viewed")
    assert code == 0, output
    assert [(entry["record"], entry["seal"]) for entry in json.loads(output)] == [("r-4", None), ("r-3", 1)]
    assert "r-1" in run("list")[1]
    assert run("list", "--by", "nobody")[1].startswith("No entries")
    assert run("list", "--from", "2020-01-01", "--to", "2020-02-01")[1].startswith("No entries")


def test_an_export_is_lines_with_their_seals(city: Database, tmp_path: Path) -> None:
    file = tmp_path / "trail.jsonl"
    assert run("export", "--output", str(file))[0] == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [next(iter(line)) for line in lines] == ["entry", "entry", "entry", "seal", "entry"]
    assert set(lines[3]["seal"]["index"]) == {"1", "2", "3"}
    assert "exists" in run("export", "--output", str(file))[1]
    assert len(run("export", "--record", "r-2")[1].splitlines()) == 2


def test_verification_says_what_was_changed(city: Database) -> None:
    code, output = run("verify")
    assert (code, output.count("nothing was changed")) == (0, 2), output
    with tampering(city) as tx:
        tx.execute(text("UPDATE audit_entries SET why = 'x' WHERE id = 2"))
    code, output = run("verify", "--chain", CITY)
    assert code == 1
    assert "edited: seal 1, entry 2: it says something else now" in output
    code, output = run("verify", "--json", "--without-key")
    assert [(report["ok"], report["count"]) for report in json.loads(output)] == [(False, 1), (True, 0)]


def test_without_its_key_it_says_what_to_do(city: Database, tmp_path: Path) -> None:
    (tmp_path / "data" / "keys" / "vault.json").unlink()
    assert "--without-key" in run("verify")[1]
    assert run("verify", "--without-key")[0] == 0


def test_a_restore_is_declared_on_purpose(city: Database) -> None:
    assert "--yes" in run("restored", "--by", "p-1", "--why", "disk broke")[1]
    assert run("restored", "--by", "p-1", "--why", "disk broke", "--yes")[0] == 0
    assert "p-1: disk broke" in run("verify")[1]
