"""`imm run`: one process of the platform, kept alive by the machine's service manager."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import click
import msgspec

from app.parts import Parts
from app.settings import Settings, load
from runtime import service
from runtime.cli import Failure

ROLES: Final = ("ingest", "analytics", "alerts", "api", "desk", "all-in-one")


@click.command()
@click.argument("role", type=click.Choice(ROLES))
@click.option("--worker", help="Name of this process among its like; overrides the setting.")
@click.pass_context
def run(context: click.Context, role: str, worker: str | None) -> None:
    """Run one process until SIGTERM.

    Each needs InfluxDB, which several processes can write; the embedded store belongs to one: all-in-one.
    """
    settings = load(context)
    if worker:
        settings = msgspec.structs.replace(settings, worker=worker)
    if role != "all-in-one" and settings.store.engine == "embedded":
        raise Failure(
            f"{role} cannot run beside others",
            "the embedded store belongs to one process",
            'set store.engine = "influx", or use `imm up`',
        )
    service.run(lambda running: _main(settings, role, running))


async def _main(settings: Settings, role: str, running: service.Service) -> None:
    async with Parts(settings, running) as parts:
        await _starter(role)(parts)
        await running.stopping.wait()
        await running.wait()


def _starter(role: str) -> Callable[[Parts], Awaitable[None]]:
    from app.assembly import assemble
    from app.processes import alerts, all_in_one, analytics, api, desk, ingest, monitor

    async def only(parts: Parts) -> None:
        await monitor.start(parts)
        if role == "ingest":
            await ingest.start(parts)
        elif role == "analytics":
            await analytics.start(parts, remote=True)
        elif role == "alerts":
            await alerts.start(parts)
        elif role == "desk":
            await desk.start(parts)

    async def serving(parts: Parts) -> None:
        await api.start(parts, assemble(parts))

    return {"api": serving, "all-in-one": all_in_one.start}.get(role, only)
