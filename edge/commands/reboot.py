"""`reboot`, by systemd-logind: it says whether this user may, and takes its leave of everybody in order."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from contracts.commands import Command, Reboot
from edge.commands.errors import Refusal
from edge.commands.executor import Handler, Resume, Telling
from edge.commands.journal import Kept
from runtime.logs import clean

_MANAGER: Final = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")
_ANSWER: Final = 10.0  # seconds for logind to answer
_DOWN: Final = 300.0  # seconds in which the machine must go down


def handler(*, busctl: str = "busctl", down: float = _DOWN) -> Handler:
    """Refuses where logind is not there, or does not let this user."""

    async def run(command: Command, telling: Telling) -> dict[str, Any]:
        what = command.what
        assert isinstance(what, Reboot)  # noqa: S101 - by its registration
        may = await _ask(busctl, "CanReboot")
        if '"yes"' not in may:
            raise Refusal(
                f"systemd-logind does not let the agent restart this machine: it says {may or 'nothing'}"
            )
        await telling(10, "the machine goes down")
        await asyncio.sleep(what.delay)
        await _ask(busctl, "Reboot", "b", "false")
        await asyncio.sleep(down)
        raise RuntimeError(f"the machine did not go down within {down:g} s")

    return run


def resume(boot: str) -> Resume:
    """It is done where the machine has another boot than that in which it was begun."""

    async def run(kept: Kept) -> dict[str, Any]:
        if not boot or boot == kept.boot:
            raise RuntimeError("the agent started again, the machine did not")
        return {"boot": boot}

    return run


async def _ask(busctl: str, *call: str) -> str:
    """What logind says. Raises Refusal where there is none."""
    try:
        process = await asyncio.create_subprocess_exec(
            busctl,
            "--system",
            "call",
            *_MANAGER,
            *call,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError:
        raise Refusal("this machine has no systemd-logind to ask") from None
    try:
        async with asyncio.timeout(_ANSWER):
            said, trouble = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise Refusal("systemd-logind does not answer") from None
    if process.returncode:
        raise Refusal(f"systemd-logind: {clean(trouble.decode(errors='replace').strip())}")
    return clean(said.decode(errors="replace").strip())
