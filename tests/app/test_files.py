"""`imm files` finds what is missing, and ends links."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from app.commands.files import files
from app.histories import HISTORIES
from app.settings import Settings, resolve
from city.files.links import Keys
from city.files.tables import contents
from runtime.cli import Failure
from tests.fixtures.tables import ready


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("IMM_DATA", str(tmp_path))
    settings = resolve(Settings(data=tmp_path))
    database = ready(settings.city.url, HISTORIES)
    with database.begin() as tx:
        row = {"digest": "ab", "path": "ab-1", "stored": 3, "refs": 1, "unused": None}
        tx.execute(contents.insert().values(**row))
    database.close()
    return settings


def test_what_lacks_is_told(settings: Settings) -> None:
    done = CliRunner().invoke(files, ["check", "--json"], standalone_mode=False)
    assert isinstance(done.exception, Failure)
    assert "1 contents are missing" in str(done.exception)
    place = Path(settings.files.place) / "ab"
    place.mkdir(parents=True)
    (place / "ab-1").write_bytes(b"abc")
    done = CliRunner().invoke(files, ["check", "--json"])
    assert (done.exit_code, done.output.strip()) == (0, "[]")


def test_links_are_withdrawn(settings: Settings) -> None:
    keys = Keys(settings.files.links_file)
    before = list(keys())
    CliRunner().invoke(files, ["rotate"])
    assert list(keys())[: len(before)] == before
    CliRunner().invoke(files, ["rotate", "--withdraw"])
    assert not set(keys()) & set(before)
