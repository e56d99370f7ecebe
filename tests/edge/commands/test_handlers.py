"""What the agent itself can do for the desk, and what it keeps to itself."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from contracts import commands
from contracts.commands import CollectLogs, Command, Reboot, Result, RunDiagnostics, State, What
from edge.commands import Kept, Refusal, diagnostics, logs, reboot
from runtime.clock import Fake
from tests.fixtures.far import LIMIT


def command(what: What) -> Command:
    return Command(id="c1", what=what, issued=1, expires=2)


class Told:
    def __init__(self) -> None:
        self.percents: list[int] = []

    async def __call__(self, percent: int, note: str = "") -> None:
        self.percents.append(percent)


async def test_diagnostics_run_all_checks_and_say_what_they_cannot_find_out(tmp_path: Path) -> None:
    def broken() -> dict[str, Any]:
        raise OSError("no such device")

    told = Told()
    run = diagnostics.handler({**diagnostics.machine(Fake(), tmp_path), "screen": broken})
    found = await run(command(RunDiagnostics()), told)
    assert found["disk"]["free_bytes"] > 0
    assert found["memory"]["available_bytes"] > 0
    assert found["clock"]["now"] == Fake().now()
    assert found["screen"] == {"error": "no such device"}
    assert told.percents[-1] == 100
    only = await run(command(RunDiagnostics(checks=("load",))), told)
    assert set(only) == {"load"}
    with pytest.raises(Refusal, match="there is no check coffee"):
        await run(command(RunDiagnostics(checks=("coffee",))), told)


@pytest.mark.parametrize(
    "text",
    [
        "password=hunter2",
        "Authorization: Bearer-hunter2",
        "mqtt://user:hunter2@broker/",
        "station aa:bb:cc:dd:ee:ff joined",
        "station AA-BB-CC-DD-EE-FF joined",
        "station aabbccddeeff joined",
        "mail siti@example.org failed",
        "key AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAhunter2AAAA=",
        "-----BEGIN PRIVATE KEY----- hunter2",
    ],
)
def test_secrets_and_addresses_do_not_leave(text: str) -> None:
    shown = logs.redacted(text)
    assert "…" in shown
    assert not any(word in shown.lower() for word in ("hunter2", "ee:ff", "ee-ff", "ddeeff", "siti"))


async def test_logs_are_the_last_lines_of_a_level_and_fit_one_result() -> None:
    memory = logs.Memory()
    log = logging.getLogger("edge.commands.remembered")
    log.propagate = False
    log.setLevel(logging.DEBUG)
    log.addHandler(memory)
    for number in range(1_200):
        log.log(logging.WARNING if number % 2 else logging.DEBUG, "line %d %s", number, "ü" * 180)
    run = logs.handler(memory)
    found = await run(command(CollectLogs(lines=10, level="warning")), Told())
    assert [line.split("line ")[1].split()[0] for line in found["lines"]] == [
        str(n) for n in range(1_181, 1_200, 2)
    ]
    everything = await run(command(CollectLogs(lines=2_000, level="debug")), Told())
    assert everything["left_out"] > 0
    assert "line 1199" in everything["lines"][-1]
    commands.encode(Result(id="c1", number=1, state=State.DONE, time=1, value=everything))


def logind(folder: Path, answer: str) -> str:
    """Stands for busctl where there is no logind to restart this machine by."""
    program = folder / "busctl"
    program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/calls\n{answer}\n')
    program.chmod(0o755)
    return str(program)


async def test_reboot_asks_logind_and_refuses_without_it(tmp_path: Path) -> None:
    what = command(Reboot(delay=0))
    with pytest.raises(Refusal, match="no systemd-logind"):
        await reboot.handler(busctl=str(tmp_path / "none"))(what, Told())
    with pytest.raises(Refusal, match="does not let the agent"):
        await reboot.handler(busctl=logind(tmp_path, "echo 's \"challenge\"'"))(what, Told())
    with pytest.raises(Refusal, match="Access denied"):
        await reboot.handler(busctl=logind(tmp_path, "echo 'Access denied' >&2; exit 1"))(what, Told())
    assert "Reboot" not in (tmp_path / "calls").read_text().split()


async def test_reboot_goes_down_or_says_that_it_did_not(tmp_path: Path) -> None:
    run = reboot.handler(busctl=logind(tmp_path, "echo 's \"yes\"'"), down=0.05)
    async with asyncio.timeout(LIMIT):
        with pytest.raises(RuntimeError, match="did not go down"):
            await run(command(Reboot(delay=0)), Told())
    assert "Manager Reboot b false" in (tmp_path / "calls").read_text()


async def test_after_a_restart_the_boot_tells_whether_it_was_the_machine() -> None:
    kept = Kept(
        command=command(Reboot()), result=Result(id="c1", number=2, state=State.RUNNING, time=1), boot="b1"
    )
    assert await reboot.resume("b2")(kept) == {"boot": "b2"}
    for same in ("b1", ""):
        with pytest.raises(RuntimeError):
            await reboot.resume(same)(kept)
