"""The keeper: what is desired lies on the device's disk, so it also holds while the centre is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol

from contracts import shadow
from contracts.errors import Refused
from contracts.settables import Value
from contracts.shadow import Desired, Reported
from contracts.topics import Channel, Device
from edge.state import Folder
from runtime.clock import Clock
from runtime.logs import clean
from runtime.mqtt import Denied, Lost, Message
from runtime.mqtt import Handler as OnMessage

FILE: Final = "desired.json"
_PATIENCE: Final = 20.0  # seconds for one key to be applied, and for the broker to take the report
_PAUSE: Final = 1.0  # seconds before what failed is tried again
_REASON: Final = 300  # characters
_log: Final = logging.getLogger(__name__)
Apply = Callable[[Value | None], Awaitable[Value | None]]
"""Make a key so, or (None) as the device itself would have it; what holds now. ValueError says why not."""


class Client(Protocol):
    """What the keeper needs of the broker's client (runtime.mqtt)."""

    connected: asyncio.Event

    def subscribe(self, topic_filter: str, handler: OnMessage, qos: int = 1) -> None: ...
    def on_connect(self, callback: Callable[[], None]) -> None: ...
    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, content_type: str = ""
    ) -> None: ...


class Shadow:
    """Desired and reported state of one device, for as long as `run` runs."""

    def __init__(self, client: Client, device: Device, folder: Folder, *, clock: Clock, epoch: int) -> None:
        self._client = client
        self._device = device
        self._folder = folder
        self._clock = clock
        self._epoch = epoch
        self._appliers: dict[str, Apply] = {}
        self._desired = Desired(version=0, values={}, time=0)
        self._came: Desired | None = None  # the newest that is not applied yet
        self._held: dict[str, Value] = {}
        self._refused: dict[str, str] = {}
        self._done = 0  # version that is applied
        self._work = asyncio.Event()
        self._anew = asyncio.Event()  # there is something to report, or a broker that may not know it

    def register(self, key: str, apply: Apply, *, holds: Value | None = None) -> None:
        """Let this make a key so; before `run`. `holds`: what holds without the desk's word."""
        self._appliers[key] = apply
        if holds is not None:
            self._held[key] = holds

    @property
    def values(self) -> Mapping[str, Value]:
        """What is desired of this device."""
        return self._desired.values

    async def run(self) -> None:
        """Apply what is kept, then what comes, and report it on every connection, until cancelled."""
        self._came = await asyncio.to_thread(self._load)
        self._work.set()
        self._client.subscribe(self._device.topic(Channel.SHADOW_DESIRED), self._take)
        self._client.on_connect(self._anew.set)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._apply(), name="shadow apply")
            tasks.create_task(self._report(), name="shadow report")

    def _load(self) -> Desired | None:
        try:
            kept = self._folder.read(FILE)
            return shadow.decode_desired(kept) if kept else None
        except (OSError, Refused) as error:
            _log.error("the kept desired state is lost, the desk's is awaited: %s", error)
            return None

    def _take(self, message: Message) -> None:
        message.ack()  # retained: it comes again on every connection
        if not message.payload:
            return
        try:
            desired = shadow.decode_desired(message.payload)
        except Refused as refused:
            _log.warning("the desired state cannot be read: %s", refused)
            return
        known = self._came or self._desired
        if desired.version < known.version:  # of a broker with an old memory: the desk hears what we have
            _log.warning("desired state %d is older than %d, which holds", desired.version, known.version)
            self._anew.set()
        elif (desired.version, desired.values) != (known.version, known.values):
            self._came = desired
            self._work.set()

    async def _apply(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            desired, self._came = self._came, None
            if desired is not None:
                before, self._desired = self._desired, desired
                await self._keep(desired)
                for key in sorted({*before.values, *desired.values}):
                    await self._make(key, desired.values.get(key))
            self._done = self._desired.version
            self._anew.set()

    async def _keep(self, desired: Desired) -> None:
        try:
            await asyncio.to_thread(self._folder.write, FILE, shadow.encode(desired))
        except OSError as error:
            _log.error("desired state %d holds until the next start only: %s", desired.version, error)

    async def _make(self, key: str, value: Value | None) -> None:
        self._refused.pop(key, None)
        apply = self._appliers.get(key)
        if apply is None:
            if value is not None:
                self._refused[key] = "this device has nothing of that name to set"
            return
        try:
            async with asyncio.timeout(_PATIENCE):
                held = await apply(value)
        except TimeoutError:
            self._refused[key] = f"it took more than {_PATIENCE:g} s"
        except Exception as error:  # noqa: BLE001 - one key's fault must not keep the others from holding
            if not isinstance(error, ValueError | OSError):
                _log.exception("%s cannot be applied", key)
            self._refused[key] = clean(str(error) or type(error).__name__, _REASON)
        else:
            if held is None:
                self._held.pop(key, None)
            else:
                self._held[key] = held

    async def _report(self) -> None:
        while True:
            await self._anew.wait()
            await self._client.connected.wait()
            self._anew.clear()
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._client.publish(
                        self._device.topic(Channel.SHADOW_REPORTED),
                        shadow.encode(self._now()),
                        retain=True,
                        content_type="application/json",
                    )
            except (Lost, TimeoutError):
                self._anew.set()
                await asyncio.sleep(0.05)  # the client is about to see that it is not connected
            except Denied as error:
                _log.warning("the broker refused our reported state: %s", error)
                await asyncio.sleep(_PAUSE)

    def _now(self) -> Reported:
        return Reported(
            version=self._done,
            values=dict(self._held),
            refused=dict(self._refused),
            epoch=self._epoch,
            time=max(0, self._clock.now()),
        )
