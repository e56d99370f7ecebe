"""Parts of a running platform are killed: the watch inside says so, and the watchdog outside."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.chaos.stack import Stack
from tests.fixtures.stacks import Build, kiosk, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
DOG = "dog"
SAY = "import json,os,sys;open(sys.argv[1],'a').write(json.dumps(os.environ['IMM_WATCHDOG_STATE'])+'\\n')"


def _probes(stack: Stack) -> Any:
    """What the platform's health says of the path; None where it does not answer."""
    try:
        parts = httpx.get(f"{stack.api}/readyz", timeout=5).json()["parts"]
    except (httpx.HTTPError, json.JSONDecodeError):
        return None
    return next((part for part in parts if part["name"] == "probes"), None)


def _ill(stack: Stack) -> bool:
    part = _probes(stack)
    return part is not None and not part["ok"] and "no probe has reached the desk" in part["reason"]


def _well(stack: Stack) -> bool:
    part = _probes(stack)
    return part is not None and part["ok"]


async def test_what_is_killed_is_missed_inside_and_outside(build: Build, tmp_path: Path) -> None:
    stack = build(settings={"IMM_WATCH__SILENCE": "4", "IMM_WATCH__LOOK": "0.2"})
    stack.add("kiosk", kiosk(stack, tmp_path / "spool.db", period=60, probe=0.5))
    heard = tmp_path / "heard"
    command = f'{sys.executable} -c "{SAY}" {heard}'
    dog = [sys.executable, "-m", "app", "watchdog", "--url", stack.api]
    stack.add(DOG, [*dog, "--silence", "1", "--every", "0.5", "--run", command])
    await stack.begin()
    await stack.begin("kiosk")
    await until(lambda: _arrived(stack))
    parts = {part["name"] for part in httpx.get(f"{stack.api}/readyz", timeout=30).json()["parts"]}
    assert {"ingest", "ingest-alarms", "broker.ingest-alarms"} <= parts  # alarms have a lane of their own
    await stack.begin(DOG)

    await stack.kill("kiosk", again=False)
    await until(lambda: _ill(stack))
    await until(lambda: _said(heard) == ["silent"])
    await stack.begin("kiosk")
    await until(lambda: _well(stack))
    await until(lambda: _said(heard) == ["silent", "well"])

    await stack.end()
    await until(lambda: _said(heard) == ["silent", "well", "silent"])
    await asyncio.gather(stack.end("kiosk"), stack.kill(DOG, again=False))


def _arrived(stack: Stack) -> bool:
    return bool(stack.ask.get("/api/v1/probes", {})["count"])


def _said(heard: Path) -> list[str]:
    return [json.loads(line) for line in heard.read_text().splitlines()] if heard.exists() else []
