"""`imm device command` against the application: what one waits for, what is said, with which exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fastapi.testclient import TestClient
from sqlalchemy import update

from app.cli import imm
from devices.commands.tables import commands
from tests.fixtures.whole import Whole

Run = Callable[..., Result]
MANY = ("send-many", "set-volume", "--set", "percent=3", "--site", "api", "--why", "salat", "--yes")


@pytest.fixture
def run(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> Run:
    def request(method: str, address: str, **options: Any) -> Any:
        options.pop("timeout")
        return client.request(method, address.removeprefix("http://127.0.0.1:8600"), **options)

    monkeypatch.setattr("app.commands.api.httpx.request", request)
    return lambda *words: CliRunner().invoke(imm, ["--log", "error", "device", "command", *words])


def end(whole: Whole, state: str, *where: Any) -> None:
    """As if devices had said so."""
    with whole.parts.db.begin() as tx:
        tx.execute(update(commands).where(*where).values(state=state, reason="so it was", told=True))


def test_one_waits_for_a_command_and_its_end_is_the_status(run: Run, whole: Whole) -> None:
    words = ("send", "kiosk-0", "set-volume", "--set", "percent=3", "--why", "salat", "--json")
    sent = run(*words)
    assert sent.exit_code == 0
    key = json.loads(sent.stdout)["id"]
    waited = run(*words, "--wait", "0.01")
    assert (waited.exit_code, json.loads(waited.stdout)["state"]) == (3, "queued")
    taken = run("withdraw", key, "--why", "salah")
    assert (taken.exit_code, "withdrawn" in taken.stdout) == (0, True)
    again = run("withdraw", key, "--why", "salah")
    assert (again.exit_code, "only a command that is queued" in again.output) == (1, True)


def test_one_waits_for_many_and_is_told_who_is_not_done(run: Run, whole: Whole) -> None:
    waited = run(*MANY, "--wait", "0.01", "--json")
    assert (waited.exit_code, "0 of 3 over: 3 queued" in waited.stderr) == (3, True)
    made = json.loads(waited.stdout)
    mine = commands.c.bulk == made["id"]
    assert {one["device"] for one in made["not_done"]} == {"kiosk-0", "kiosk-1", "kiosk-2"}
    end(whole, "done", mine, commands.c.device != "kiosk-2")
    end(whole, "failed", mine, commands.c.device == "kiosk-2")
    over = run("bulk", made["id"], "--wait")
    assert (over.exit_code, "3 of 3 over: 2 done, 1 failed" in over.stderr) == (1, True)
    assert "kiosk-2" in over.stdout
    assert "so it was" in over.stdout
    assert "kiosk-1" not in over.stdout
    end(whole, "done", mine)
    well = run("bulk", made["id"], "--wait")
    assert (well.exit_code, "not done" in well.stdout) == (0, False)


def test_an_argument_that_is_text_stays_text(run: Run) -> None:
    words = ("send", "kiosk-1", "update-agent", "--set", "version=9.0", "--why", "Senin", "--json")
    sent = run(*words)
    assert (sent.exit_code, json.loads(sent.stdout)["arguments"]["version"]) == (0, "9.0")
    run("withdraw", json.loads(sent.stdout)["id"], "--why", "salah")


def test_what_has_not_left_of_many_is_taken_back(run: Run) -> None:
    made = json.loads(run(*MANY, "--json").stdout)
    taken = run("withdraw", made["id"], "--bulk", "--why", "salah")
    assert (taken.exit_code, taken.stdout.count("withdrawn")) == (0, 4)
    assert run("bulk", made["id"]).exit_code == 0
