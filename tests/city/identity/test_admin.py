"""`imm admin` as whoever sets the platform up meets it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import imm
from app.histories import HISTORIES
from app.roles import ROLES
from app.settings import Settings, resolve
from city.identity.roles import Catalogue
from tests.fixtures.tables import ready

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `imm admin` on a database that is up to date."""
    settings = resolve(Settings(data=tmp_path))
    ready(settings.city.url, HISTORIES).close()
    monkeypatch.setenv("IMM_DATA", str(tmp_path))

    def go(*words: str) -> Result:
        return CliRunner().invoke(imm, ["admin", *words])

    return go


def test_the_first_administrator_gets_a_link_and_no_password(run: Run, tmp_path: Path) -> None:
    assert "Nobody yet" in run("list").output
    done = run("invite", "--login", "Sri", "--name", "Sri Wahyuni")
    assert done.exit_code == 0, done.output
    assert "http://localhost:8600/link/" in done.output
    token = done.output.split("/link/")[1].split()[0]
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert token.encode() not in kept
    (row,) = json.loads(run("list", "--json").output)
    assert (row["login"], row["state"], row["roles"]) == ("sri", "invited", "platform/admin")
    assert (tmp_path / "keys" / "vault.json").stat().st_mode & 0o777 == 0o600


def test_roles_are_given_and_taken(run: Run) -> None:
    run("invite", "--login", "sri", "--name", "Sri", "--role", "platform/operator")
    assert run("grant", "sri", "tangi/dispatcher", "--days", "3").exit_code == 0
    (row,) = json.loads(run("list", "--json").output)
    assert row["roles"] == "platform/operator, tangi/dispatcher"
    assert run("revoke", "sri", "tangi/dispatcher").exit_code == 0
    assert run("revoke", "sri", "tangi/dispatcher").exit_code == 1


def test_a_new_link_ends_the_old_one(run: Run) -> None:
    first = json.loads(run("invite", "--login", "sri", "--name", "Sri", "--json").output)
    second = json.loads(run("link", "sri", "--json").output)
    assert first["link"] != second["link"]


@pytest.mark.parametrize(
    "words",
    [
        ["invite", "--login", "x", "--name", "X"],
        ["invite", "--login", "sri", "--name", "Sri", "--unit", "nowhere"],
        ["invite", "--login", "sri", "--name", "Sri", "--role", "nothing"],
        ["link", "nobody"],
        ["grant", "nobody", "tangi/dispatcher"],
    ],
)
def test_what_cannot_be_done_leaves_nothing(run: Run, words: list[str]) -> None:
    assert run(*words).exit_code == 1
    assert json.loads(run("list", "--json").output) == []


def test_every_packages_roles_can_be_given(root: Path, folders: Sequence[str]) -> None:
    files = [path for folder in folders for path in (root / folder).rglob("roles.py")]
    found = {path.relative_to(root) for path in files if "\nROLES: " in path.read_text()}
    brought = {".".join(path.with_suffix("").parts) for path in found} - {"app.roles", "city.identity.roles"}
    told = (root / "app" / "roles.py").read_text()
    assert {name for name in brought if f"import {name}\n" not in told} == set()
    Catalogue(ROLES)
