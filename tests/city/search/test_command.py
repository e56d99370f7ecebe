"""`imm search` on a database of its own."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from app.cli import imm
from app.commands import doctor
from app.settings import Settings, resolve


@pytest.fixture
def call(tmp_path: Path) -> object:
    env = {"IMM_DATA": str(tmp_path / "data")}

    def run(*words: str) -> Result:
        return CliRunner().invoke(imm, [*words], env=env)

    assert run("migrate").exit_code == 0
    return run


def test_a_new_database_is_filled_and_searched(call: object, tmp_path: Path) -> None:
    assert callable(call)
    built = call("search", "rebuild", "--json")
    assert msgspec.json.decode(built.stdout) == {"site": 0, "area": 27, "incident": 0}
    found = call("search", "find", "sunyaragi", "--json")
    (hit,) = msgspec.json.decode(found.stdout)["hits"]
    assert hit["id"] == "32.74.05.1002"
    assert "[Sunyaragi]" in call("search", "find", "sunyargi", "--kind", "area").stdout
    assert call("search", "find", "sunyaragi", "--kind", "site", "--all").exit_code == 0
    state = msgspec.json.decode(call("search", "state", "--json").stdout)
    assert state["documents"] == {"area": 27}
    assert state["behind"] == 0
    assert msgspec.json.decode(call("search", "rebuild", "site", "--json").stdout) == {"site": 0}
    wrong = call("search", "rebuild", "nothing")
    assert wrong.exit_code != 0
    told = {one.what: one for one in doctor.examine(resolve(Settings(data=tmp_path / "data")))}
    assert "27 documents" in told["search"].found
    assert told["geography"].found == "27 areas, boundaries of 0"


def test_boundaries_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    path = tmp_path / "batas.geojson"
    path.write_text("{}")
    kept = Settings(data=tmp_path / "data")
    settings = msgspec.structs.replace(
        kept, geography=msgspec.structs.replace(kept.geography, boundaries=path)
    )
    told = {one.what: one for one in doctor.examine(resolve(settings))}
    assert not told["geography"].ok
    assert "FeatureCollection" in told["geography"].found
    assert "[geography]" in told["geography"].cure
    assert told["search"].ok
