"""`imm demo`: the whole path with real data, on this machine, with nothing to install."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Final

import click
import httpx
import msgspec

from analytics.jobs import files
from app import identities
from app.commands.up import invite, platform
from app.demo import week
from app.demo.agents import agents, excerpt
from app.demo.figures import Figures, ask
from app.processes.supervisor import Supervisor
from app.settings import Settings, resolve
from contracts.rules import HourOfWeek
from runtime import cli, service
from runtime import settings as runtime_settings
from runtime.clock import System
from simulator import footfall

MARK: Final = ".imm-demo"  # in a folder that a demo may empty
SETTLE: Final = 30.0  # seconds at the end in which what is in flight may arrive
_EXAMPLES: Final = (("platform", "viewer"), ("tangi", "dispatcher"))  # what the programs in examples/ may
_LOOK: Final = 1.0  # seconds between two looks at the figures


@click.command()
@click.option("--for", "seconds", type=click.FloatRange(min=5), help="End after so many seconds and report.")
@cli.report_option
@click.pass_context
def demo(context: click.Context, seconds: float | None, report: Path | None) -> None:
    """See it live: this machine as kiosk and Wi-Fi node, replayed footfall, alerts and incidents.

    Starts anew each time, in the folder `demo` of the data folder. Open the address that it prints.
    """
    settings = _settings(context)
    found: list[Figures] = []

    async def main(running: service.Service) -> None:
        figures = await _run(settings, running, seconds)
        if figures:
            found.append(figures)

    service.run(main, limit=60.0)
    if found and report:
        cli.report(report, msgspec.structs.asdict(found[0]))
    if found:
        cli.emit(msgspec.structs.asdict(found[0]), json=False, title="What came through")
        context.exit(1 if found[0].lost or found[0].duplicated else 0)


def _settings(context: click.Context) -> Settings:
    """Those of the platform, in a folder of their own that is empty. Raises Failure, Wrong."""
    settings = runtime_settings.load(Settings, context.find_root().obj)
    folder = settings.data.expanduser().absolute() / "demo"
    if folder.exists() and not (folder / MARK).exists():
        raise cli.Failure(f"{folder} is not a demo's", "it was made by something else", "set another `data`")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    return resolve(msgspec.structs.replace(settings, data=folder))


def _welcome(settings: Settings) -> None:
    """The way in for a person and for a program; each is shown once, and ends with the demo."""
    link = invite(settings, name="Admin Demo")
    with identities.opened(settings) as identity:
        made = identities.key(identity, "examples", _EXAMPLES, days=1)
    click.echo(f"sign-in     {link}")
    click.echo(f"API key     {made.secret}")


async def _run(settings: Settings, running: service.Service, seconds: float | None) -> Figures | None:
    """Figures once its time is over; None where it was stopped, for then nothing can be asked any more."""
    clock = System()
    click.echo(footfall.ATTRIBUTION)
    hours = footfall.load()
    weeks = week.weeks(hours, clock.now(), _crowd(settings))
    thanks = f'[{{ id = "{footfall.THANKS}", en = "{footfall.ATTRIBUTION}" }}]'
    await platform(settings, running, config=None, environment={"IMM_THANKS": thanks})
    if not running.stopping.is_set():
        _welcome(settings)
    api = f"http://{settings.api.host}:{settings.api.port}"
    there = excerpt(hours, clock.now(), weeks, week.HISTORY + 2 * week.AHEAD)
    children = agents(settings.data / "agents", settings.mqtt, api, weeks, there)
    supervisor = Supervisor(children, logs=settings.data / "logs", clock=clock)
    over = asyncio.Event()
    agents_running = asyncio.create_task(supervisor.run(over))
    known = {"Authorization": f"Bearer {(settings.data / identities.KEY).read_text().strip()}"}
    async with httpx.AsyncClient(base_url=api, headers=known, timeout=10) as client:
        await _watch(client, running, seconds)
        over.set()
        await agents_running
        figures = None if running.stopping.is_set() else await _settled(client)
    running.stop()
    return figures


def _crowd(settings: Settings) -> HourOfWeek:
    """The rule that the replayed day must move."""
    for rule in files.load(settings.analytics.rules):
        if isinstance(rule.test, HourOfWeek) and "people.count" in rule.select.metrics:
            return rule.test
    raise LookupError("no hour-of-week rule watches people.count")


async def _watch(client: httpx.AsyncClient, running: service.Service, seconds: float | None) -> None:
    """Show the figures until the time is over or a stop comes."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds if seconds else None
    last = ""
    while not running.stopping.is_set() and (end is None or loop.time() < end):
        try:
            line = _line(await ask(client, System().now()))
        except httpx.HTTPError as error:
            line = f"no figures: {error}"
        if line != last:
            _show(line)
        last = line
        await asyncio.wait([asyncio.create_task(running.stopping.wait())], timeout=_LOOK)
    _show("", end=True)


async def _settled(client: httpx.AsyncClient) -> Figures:
    """Figures once nothing is in flight any more, or after the limit. Raises httpx.HTTPError then."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SETTLE
    while True:
        try:
            figures = await ask(client, System().now())
        except httpx.HTTPError:  # a part may have been started anew just now
            if loop.time() > end:
                raise
        else:
            if not figures.lost or loop.time() > end:
                return figures
        await asyncio.sleep(_LOOK / 2)


def _line(figures: Figures) -> str:
    time = figures.sample_to_incident_ms_p50
    return (
        f"recorded {figures.recorded:,}  stored {figures.stored:,}  in flight {figures.lost:,}  "
        f"alerts {figures.alerts}  incidents {figures.incidents}  "
        f"device to desk {'–' if time is None else f'{time:.0f} ms'}"
    )


def _show(line: str, *, end: bool = False) -> None:
    if sys.stdout.isatty():
        click.echo(f"\r\x1b[K{line}", nl=end)
    elif line:
        click.echo(line)
