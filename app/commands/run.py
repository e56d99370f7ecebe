"""`imm run`: one process of the platform, kept alive by the machine's service manager."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import click
import msgspec

from app.settings import Settings, load
from runtime import service
from runtime.cli import Failure

if TYPE_CHECKING:  # the keys process must not have the store, which parts bring
    from app.parts import Parts

ROLES: Final = ("ingest", "analytics", "alerts", "api", "desk", "keys", "all-in-one")


@click.command()
@click.argument("role", type=click.Choice(ROLES))
@click.option("--worker", help="Name of this process among its like; overrides the setting.")
@click.pass_context
def run(context: click.Context, role: str, worker: str | None) -> None:
    """Run one process until SIGTERM.

    Each needs InfluxDB, which several processes can write; the embedded store belongs to one: all-in-one.
    Only `keys` runs beside either: it has nothing to do with the store, and refuses to.
    """
    settings = load(context)
    if worker:
        settings = msgspec.structs.replace(settings, worker=worker)
    if role not in {"all-in-one", "keys"} and settings.store.engine == "embedded":
        raise Failure(
            f"{role} cannot run beside others",
            "the embedded store belongs to one process",
            'set store.engine = "influx", or use `imm up`',
        )
    service.run(lambda running: _main(settings, role, running))


async def _main(settings: Settings, role: str, running: service.Service) -> None:
    if role == "keys":
        from app.processes import keys

        await keys.run(settings, running)
        return
    from app.parts import Parts

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
