"""Keeps the broker's accounts as they are wanted: at each new connection, each change, and now and then."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import city.errors
from devices.broker.port import Gate
from runtime import mqtt

EVERY: Final = 300.0  # seconds between looks at everything: what was changed by hand lives no longer
PAUSE: Final = 5.0  # seconds after a failure
_log: Final = logging.getLogger(__name__)


class Keeper:
    """Runs in the desk; several may, as each step may be repeated."""

    def __init__(
        self, gate: Gate, client: mqtt.Client, *, every: float = EVERY, pause: float = PAUSE
    ) -> None:
        self.trouble = "not reconciled yet"  # why accounts may be old; empty where all is well
        self._gate = gate
        self._client = client
        self._every = every
        self._pause = pause
        self._changed: set[str] = set()
        self._all = True
        self._wake = asyncio.Event()
        client.on_connect(self._anew)

    def touch(self, device: str) -> None:
        """See to a device at once: it changed, came or went. From the loop's thread."""
        self._changed.add(device)
        self._wake.set()

    def _anew(self) -> None:
        """The broker may be another, or have lost its file."""
        self._all = True
        self._wake.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                await self._client.connected.wait()
                await self.turn()
            except city.errors.Failure as error:  # ours, or the registry's: then nothing is taken away
                if self.trouble != str(error):
                    _log.warning("accounts of the broker: %s; %s", error, getattr(error, "cure", ""))
                self.trouble = str(error)
                await asyncio.sleep(self._pause)
                continue
            self.trouble = ""
            try:
                async with asyncio.timeout(self._every):
                    await self._wake.wait()
            except TimeoutError:
                self._all = True

    async def turn(self) -> None:
        """What is due: devices that changed first, so that none waits for all. Raises city.errors.Failure."""
        self._wake.clear()
        while self._changed:
            device = min(self._changed)
            self._changed.discard(device)  # first: what changes while it is followed is followed again
            try:
                await self._gate.follow(device)
            except city.errors.Failure:
                self._changed.add(device)
                raise
        if not self._all:
            return
        self._all = False
        try:
            done = await self._gate.reconcile()
        except city.errors.Failure:
            self._all = True
            raise
        if done.missing:
            _log.error("the broker has no account %s: give it one, see deploy/prepare.py", done.missing)
        if done.changes:
            _log.warning(
                "accounts of the broker mended: %d made, %d changed, %d removed, %d roles",
                done.created,
                done.changed,
                done.removed,
                done.roles,
            )
