"""Updates plugged into an agent: the command, what it came to after the restart, the proof of a version."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from contracts import updates
from contracts.commands import Command, Type, UpdateAgent
from edge.commands import Kept, Refusal, Telling
from edge.control import Control
from edge.station import Station
from edge.status import installed
from edge.updates import slots
from edge.updates.errors import GivenUp
from edge.updates.settings import Settings
from edge.updates.slots import Slots

_LOOK: Final = 0.5  # seconds between looks at whether a new version has proved itself
_log: Final = logging.getLogger(__name__)


def plug(station: Station, control: Control, environment: Mapping[str, str] = os.environ) -> None:
    """Where a launcher started us: take updates, and prove ourselves where we are one."""
    place = environment.get(slots.FOLDER, "")
    if not place or slots.CHOSEN not in environment:
        control.executor.register(Type.UPDATE_AGENT, _without_slots)
        return
    folder = Path(place)
    updater = Updater(folder, station.settings.updates, stop=station.service.stop)
    control.executor.register(Type.UPDATE_AGENT, updater.handle, resume=updater.resume)
    if slots.read(folder).trial == environment[slots.CHOSEN]:
        station.service.start("proof of this version", updater.prove(lambda: healthy(station)))


async def _without_slots(_command: Command, _telling: Telling) -> NoReturn:
    """Say why there are no updates. Raises Refusal."""
    raise Refusal("it was not started by the unit of `imm-edge unit`, which names where versions go")


def healthy(station: Station) -> bool:
    """Whether it does what an agent is for: it is connected, and something of it was stored."""
    return station.client.connected.is_set() and station.uplink.receipted > 0


class Updater:
    """Installs beside what runs; the launcher starts it. `stop` ends this process in order."""

    def __init__(self, folder: Path, settings: Settings, *, stop: Callable[[], None]) -> None:
        self._folder = folder
        self._settings = settings
        self._stop = stop

    async def handle(self, command: Command, telling: Telling) -> NoReturn:
        """Install and end; what it came to is said by `resume` after the start. Raises Refusal, Failure."""
        wish = command.what
        if not isinstance(wish, UpdateAgent):
            raise TypeError(f"{wish} is no update")
        if not self._settings.keys:
            raise Refusal("this device believes nobody: updates.keys is empty")
        known = await asyncio.to_thread(slots.read, self._folder)
        if known.trial is not None:
            raise Refusal(f"version {known.version(known.trial)} is being tried just now")
        if wish.version == installed():
            raise Refusal(f"version {wish.version} runs here already")
        await telling(5, "fetching")
        after = await asyncio.to_thread(self._install, wish, known)
        await telling(90, "installed; it is tried now")
        await asyncio.to_thread(slots.write, self._folder, after)
        _log.warning("version %s is installed; the agent ends, to be started as that", wish.version)
        self._stop()
        await asyncio.Event().wait()  # until the end cancels it
        raise AssertionError

    async def resume(self, kept: Kept) -> dict[str, Any]:
        """What an update came to that was under way when the agent ended. Raises GivenUp."""
        wish = kept.command.what
        version = wish.version if isinstance(wish, UpdateAgent) else ""
        while True:
            known = await asyncio.to_thread(slots.read, self._folder)
            if version in known.failed:
                raise GivenUp(f"{known.failed[version]}; version {installed()} runs")
            if known.trial is None:
                break
            await asyncio.sleep(_LOOK)
        if known.version(known.active) != version:
            raise GivenUp(f"the agent ended before it was installed; version {installed()} runs")
        return {"version": version, "slot": known.active.value}

    async def prove(self, healthy: Callable[[], bool]) -> None:
        """Make this version the one that runs once it is well; end where that does not come about in time."""
        try:
            async with asyncio.timeout(self._settings.prove):
                while not healthy():  # noqa: ASYNC110 - of a connection and of receipts
                    await asyncio.sleep(_LOOK)
        except TimeoutError:
            why = f"it was not connected and receipted within {self._settings.prove:g} s"
            await asyncio.to_thread(self._remember, lambda known: slots.given_up(known, why))
            _log.error("this version does not prove itself: %s; the one before is started", why)
            self._stop()
            return
        await asyncio.to_thread(self._remember, slots.proven)
        _log.info("version %s has proved itself", installed())

    def _install(self, wish: UpdateAgent, known: Slots) -> Slots:
        from edge.updates.fetch import Source  # HTTP and TLS cost memory, and are needed once a year
        from edge.updates.install import install, room
        from edge.updates.signed import checked

        source = Source(wish.source or self._settings.source, wish.version, self._settings.ca_file)
        raw = source.small(updates.LIST, updates.LARGEST_LIST)
        signature = source.small(updates.SIGNATURE, 200).decode("ascii", "replace")
        files = checked(raw, signature, self._settings.keys, sha256=wish.sha256)
        if files.version != wish.version:
            raise Refusal(f"the files are of version {files.version}")
        if full := room(self._folder, files):
            raise Refusal(full)
        import shutil  # both only here: with what they load they take half a megabyte
        import tempfile

        draft = Path(tempfile.mkdtemp(prefix="wheels-", dir=self._folder))
        try:
            wheels = source.wheels(files, draft)
            install(self._folder, slots.free(known), wheels, wish.version)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return slots.installed(known, wish.version)

    def _remember(self, change: Callable[[Slots], Slots]) -> None:
        slots.write(self._folder, change(slots.read(self._folder)))
