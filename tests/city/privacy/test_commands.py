"""`imm keys` as its user meets it, and a backup without the key."""

import json
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.commands.backup import backup
from app.commands.keys import keys
from app.histories import HISTORIES
from app.settings import Settings, resolve
from city.db import Database
from city.privacy import KeyFile, Vault
from city.privacy.keks import prepare
from runtime.cli import Failure
from runtime.clock import System
from tests.city.privacy.safe import FIELDS, got, put
from tests.fixtures.tables import ready


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("IMM_DATA", str(tmp_path / "data"))
    settings = resolve(Settings(data=tmp_path / "data"))
    ready(settings.city.url, HISTORIES).close()
    return settings


def opened(home: Settings) -> tuple[Database, Vault]:
    db = Database.of(home.city)
    file = KeyFile(home.privacy.keys_file, clock=System())
    prepare(db, file, System())
    return db, Vault(db, file, clock=System())


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(keys, [*words], obj=None)
    if isinstance(done.exception, Exception) and not isinstance(done.exception, Failure):
        return done.exit_code, f"{done.exception}"
    return done.exit_code, str(done.exception or "") + done.output


def states() -> list[tuple[str, str, int]]:
    """Keys that wrap records."""
    return [(key, state, count) for key, of, state, count in all_states() if of == "records"]


def all_states() -> list[tuple[str, str, str, int]]:
    rows = json.loads(run("status", "--json")[1])
    return [(row["key"], row["for"], row["state"], row["records"]) for row in rows]


def test_from_the_first_key_to_its_end(home: Settings) -> None:
    assert run("status")[1].startswith("No keys yet")
    db, vault = opened(home)
    put(db, vault, "a")
    ((first, state, count),) = states()
    assert (state, count) == ("current", 1)
    code, output = run("rotate", "--json")
    assert code == 0, output
    assert (json.loads(output)["records"], json.loads(output)["look-ups"]) == (1, 3)
    assert [(state, count) for _, state, count in states()] == [("old", 0), ("current", 1)]
    assert got(db, vault, "a") == FIELDS
    assert "--yes" in run("retire", first)[1]
    assert run("retire", first, "--yes")[0] == 0
    assert "current key" in run("retire", states()[0][0], "--yes")[1]
    assert "are in" in run("prepare")[1]
    assert [state for _, state, _ in states()] == ["current", "waiting"]
    found = [(state, count) for _, of, state, count in all_states() if of == "look-ups"]
    assert found == [("old", 0), ("current", 3), ("waiting", 0)]
    (_, looked_up_by, waiting) = (key for key, of, _, _ in all_states() if of == "look-ups")
    assert "looked up by" in run("retire", looked_up_by, "--yes")[1]
    assert run("rotate")[0] == 0
    assert run("retire", looked_up_by, "--yes")[0] == 0
    assert [key for key, of, _, _ in all_states() if of == "look-ups"] == ["root", waiting]
    db.close()


def test_a_lost_key_is_given_up_on_purpose(home: Settings) -> None:
    db, vault = opened(home)
    put(db, vault, "a")
    ((key, _, _),) = states()
    home.privacy.keys_file.unlink()
    assert states() == [(key, "missing", 1)]
    assert "--yes" in run("lost", key)[1]
    assert "1 records are erased" in run("lost", key, "--yes")[1]
    db.close()


def test_no_backup_holds_the_keys(home: Settings, tmp_path: Path) -> None:
    db, vault = opened(home)
    put(db, vault, "a")
    db.close()
    archive = tmp_path / "b.tar.gz"
    assert CliRunner().invoke(backup, ["create", str(archive)], obj=None).exit_code == 0
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    assert "city.sqlite" in names
    assert not [name for name in names if "vault" in name or "keys" in name]
