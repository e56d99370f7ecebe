"""`imm watchdog`: a small process on another machine, which says when the platform falls silent."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import click
import httpx
import msgspec

from alerts.watch.dog import Bark, Dog, State
from contracts.instants import SECOND
from runtime.cli import Failure
from runtime.clock import System

_TIMEOUT: Final = 10.0  # seconds that one answer may take
_COMMAND: Final = 60.0  # seconds that the command may take
_UNSAID: Final = 100  # barks that wait for the hook; beyond, the oldest goes
_ABOUT: Final = 300  # characters of a reason


class _Part(msgspec.Struct):
    name: str = ""
    ok: bool = True
    reason: str = ""


class _Ready(msgspec.Struct):
    parts: tuple[_Part, ...] = ()


@click.command()
@click.option("--url", default="http://127.0.0.1:8600", show_default=True, help="Where the platform answers.")
@click.option("--silence", default=60.0, show_default=True, help="Seconds of faults before it barks.")
@click.option("--every", default=5.0, show_default=True, help="Seconds between looks.")
@click.option("--again", default=0.0, help="Seconds until it barks again while it lasts; 0: once.")
@click.option("--probe", default=0.0, help="Seconds a probe may be old; asks with IMM_API_KEY. 0: not asked.")
@click.option("--run", "command", default="", help="Command to run; IMM_WATCHDOG_STATE says silent or well.")
@click.option("--post", "hook", default="", help="Address to post the same to, as JSON.")
@click.option("--once", is_flag=True, help="Look once; exit status 1 where something is wrong. For cron.")
@click.option("--exit", "leave", is_flag=True, help="Exit with status 1 at the first silence. For systemd.")
def watchdog(  # noqa: PLR0913 - click gives each option
    url: str,
    silence: float,
    every: float,
    again: float,
    probe: float,
    command: str,
    hook: str,
    *,
    once: bool,
    leave: bool,
) -> None:
    """Say when the platform falls silent, and when all is well again. Run it on another machine."""
    if silence < 0 or every <= 0 or again < 0 or probe < 0:
        raise Failure("watchdog", "a time is negative, or --every is 0", "give seconds")
    words = _words(command)
    dog = Dog(patience=silence, again=again)
    clock = System()
    unsaid: deque[Bark] = deque(maxlen=_UNSAID)
    while True:
        fault = look(url.rstrip("/"), probe=probe, now=clock.now)
        if once:
            _once(fault)
            return
        bark = dog.see(fault, clock.monotonic())
        if bark is not None:
            click.echo(f"{bark.state} after {bark.lasted:.0f} s: {bark.reason}")
            _run(words, bark)
            unsaid.append(bark)
        while unsaid and _post(hook, unsaid[0]):
            unsaid.popleft()
        if bark is not None and leave and bark.state is State.SILENT:
            raise SystemExit(1)
        time.sleep(every)


def look(url: str, *, probe: float, now: Callable[[], int]) -> str:
    """What is wrong as seen from here; empty where nothing is."""
    try:
        answer = httpx.get(f"{url}/readyz", timeout=_TIMEOUT)
        if not answer.is_success:
            return _ill(answer)
        return _probed(url, probe, now()) if probe else ""
    except httpx.HTTPError as error:
        return f"{url} does not answer: {error!r}"[:_ABOUT]


def _ill(answer: httpx.Response) -> str:
    """Which parts are not well."""
    try:
        ready = msgspec.json.decode(answer.content, type=_Ready)
    except msgspec.MsgspecError:
        return f"/readyz answers {answer.status_code}"
    ill = [f"{part.name}: {part.reason}" for part in ready.parts if not part.ok]
    return f"not ready: {'; '.join(ill) or answer.status_code}"[:_ABOUT]


def _probed(url: str, limit: float, now: int) -> str:
    """Whether a probe reached the desk not long ago."""
    key = {"Authorization": f"Bearer {os.environ.get('IMM_API_KEY', '')}"}
    answer = httpx.get(f"{url}/api/v1/probes", headers=key, timeout=_TIMEOUT)
    if not answer.is_success:
        return f"/api/v1/probes answers {answer.status_code}: does IMM_API_KEY have the role platform/viewer?"
    newest: Any = answer.json().get("newest")
    if not isinstance(newest, int):
        return "no probe has reached the desk within an hour"
    age = (now - newest) / SECOND
    return f"no probe has reached the desk for {age:.0f} s" if age > limit else ""


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise Failure("--run", str(error), "close its quotes") from None


def _once(fault: str) -> None:
    click.echo(fault or "well")
    if fault:
        raise SystemExit(1)


def _run(words: list[str], bark: Bark) -> None:
    if not words:
        return
    told = {
        "IMM_WATCHDOG_STATE": bark.state.value,
        "IMM_WATCHDOG_REASON": bark.reason,
        "IMM_WATCHDOG_LASTED": f"{bark.lasted:.0f}",
    }
    try:
        done = subprocess.run(words, env=os.environ | told, timeout=_COMMAND, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        click.echo(f"{words[0]}: {error}", err=True)
    else:
        if done.returncode:
            click.echo(f"{words[0]}: exit status {done.returncode}", err=True)


def _post(hook: str, bark: Bark) -> bool:
    """Whether there is nothing left to post of it; otherwise it is tried again after the next look."""
    if not hook:
        return True
    try:
        httpx.post(hook, json=msgspec.to_builtins(bark), timeout=_TIMEOUT).raise_for_status()
    except httpx.HTTPError as error:
        click.echo(f"{hook}: {error!r}", err=True)
        return False
    return True
