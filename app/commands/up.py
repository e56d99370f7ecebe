"""`imm up`: the whole platform on this machine, a broker brought along, each process kept alive."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
import httpx

from app import histories, identities, rulebook
from app.brokers.choice import choose
from app.brokers.port import Broker
from app.processes.children import children
from app.processes.supervisor import Supervisor
from app.settings import Settings, load
from city import db
from devices.broker.open import Open
from runtime import service
from runtime.cli import Failure
from runtime.clock import System

READY: Final = 60.0  # seconds in which the platform must be ready
_VERSIONS: Final = {4: "3.1.1", 5: "5"}
STATE: Final = "processes.json"  # in the data folder: name → pid of what runs


@click.command()
@click.pass_context
def up(context: click.Context) -> None:
    """Run the whole platform on this machine: broker, store, alerts, desk, console. Ctrl-C stops it."""
    settings = load(context)
    config = context.find_root().obj

    async def main(running: service.Service) -> None:
        await platform(settings, running, config=config)
        if not running.stopping.is_set():
            _welcome(settings)

    service.run(main)


async def platform(
    settings: Settings,
    running: service.Service,
    *,
    config: Path | None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Start broker and platform, and say where they answer; a stop of `running` ends them."""
    broker = bring(settings)
    prepare(settings)
    everyone = children(settings, broker, config, environment or {})
    logs = settings.data / "logs"
    supervisor = Supervisor(everyone, logs=logs, clock=System(), state=settings.data / STATE)
    running.start("processes", supervisor.run(running.stopping), drains=True)
    address = f"http://{settings.api.host}:{settings.api.port}"
    if await ready(address, running):
        _announce(broker, address, logs)


def bring(settings: Settings) -> Broker | None:
    """The broker to run beside us; None where one is there already (`broker.choice = "external"`)."""
    wanted = settings.broker
    if wanted.choice == "external":
        return None
    folder = settings.data / "broker"
    return choose(
        wanted.choice, folder, host=settings.mqtt.host, port=settings.mqtt.port, port_311=wanted.port_311
    )


def prepare(settings: Settings) -> None:
    """Bring the city's database up to date, let shipped rules act, and the command line in. Raises errors."""
    database = db.Database.of(settings.city)
    try:
        db.upgrade(database, histories.HISTORIES)
        rulebook.ship(settings, database)
    finally:
        database.close()
    identities.command_line(settings)


def invite(settings: Settings, *, name: str = "Admin") -> str:
    """Address that lets the first administrator in, once; empty where there is somebody already."""
    with identities.opened(settings) as identity:
        made = identities.first(identity, name=name)
    return made.link.address(settings.identity.address) if made else ""


async def ready(address: str, running: service.Service) -> bool:
    """Wait until every part is well; False where a stop came first. Raises Failure with what is not well."""
    loop = asyncio.get_running_loop()
    end = loop.time() + READY
    found = "no answer yet"
    async with httpx.AsyncClient(timeout=2) as client:
        while not running.stopping.is_set():
            try:
                answer = await client.get(f"{address}/readyz")
                parts = [part for part in answer.json()["parts"] if not part["ok"]]
                if answer.is_success and not parts:
                    return True
                found = "; ".join(f"{part['name']}: {part['reason']}" for part in parts)
            except (httpx.HTTPError, ValueError, KeyError) as error:
                found = str(error) or type(error).__name__
            if loop.time() > end:
                raise Failure(f"not ready after {READY:g} s", found, "look into the logs in the data folder")
            await asyncio.sleep(0.1)
    return False


def _welcome(settings: Settings) -> None:
    """The way in for the first administrator. It is a secret: a log gets only the command that prints it."""
    if not sys.stdout.isatty():
        with identities.opened(settings) as identity:
            if not identities.anybody(identity):
                click.echo("sign-in     nobody yet: imm admin invite --login … --name …")
    elif link := invite(settings):
        click.echo(f"sign-in     {link}  (once; the first administrator)")


def _announce(broker: Broker | None, address: str, logs: Path) -> None:
    click.echo(f"console     {address}/")
    click.echo(f"API         {address}/api/v1/openapi.json")
    if broker:
        places = ", ".join(
            f"{place.host}:{place.port} (MQTT {', '.join(_VERSIONS[one] for one in place.protocols)})"
            for place in broker.endpoints
        )
        click.echo(f"broker      {broker.name} on {places}")
        for lack in Open.lacks:
            click.echo(f"            open: {lack}")
        for gap in broker.gaps:
            click.echo(f"            {gap.feature}: {gap.means}")
    click.echo(f"logs        {logs}")
