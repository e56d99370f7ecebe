"""Which devices are connected, by what they say on their status channels; in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from contracts import topics
from contracts.errors import Refused
from contracts.roster import Reader
from contracts.status import Status
from contracts.topics import Channel, Device, DeviceTopic
from runtime.clock import Clock
from runtime.mqtt import Ask, Handler, Message

_WORDS: Final = {b"online": True, b"offline": False}  # of devices that are not ours
_MOST: Final = 50_000  # addresses that nobody knows, or not yet, whose word is remembered
_decoder: Final = msgspec.json.Decoder(Status)


class Client(Protocol):
    """What the desk needs of the broker's client (runtime.mqtt)."""

    connected: asyncio.Event

    def subscribe(self, topic_filter: str, handler: Handler, qos: int = 1) -> None: ...
    def on_connect(self, callback: Callable[[], None]) -> None: ...
    async def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        content_type: str = "",
        expiry: int | None = None,
        ask: Ask | None = None,
    ) -> None: ...


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a device last said of itself."""

    online: bool
    place: tuple[int, int]  # the agent's start and its attempt to connect; 0 where it tells none
    came: int  # µs UTC by our clock


class Online:
    """Statuses are retained, so a new process knows them with its subscription.

    They are kept by address, whether the roster knows it or not: a device that has just been enrolled speaks
    before that has got about, and says it once.
    """

    def __init__(self, client: Client, roster: Reader, clock: Clock) -> None:
        self._roster = roster
        self._clock = clock
        self._seen: dict[Device, Seen] = {}
        self._heard: list[Callable[[], None]] = []
        client.subscribe(topics.every(Channel.STATUS), self._came)

    def on_change(self, heard: Callable[[], None]) -> None:
        """Call when a device comes or goes; from the loop's thread."""
        self._heard.append(heard)

    def get(self, device: str) -> Seen | None:
        """What a device last said; None before it has said anything, and of one that the roster has not."""
        entry = self._roster.get(device)
        return self._seen.get(entry.address) if entry else None

    def since(self, device: str) -> int | None:
        """When a device that is online last said so (µs UTC); None where it is not."""
        seen = self.get(device)
        return seen.came if seen and seen.online else None

    def _came(self, message: Message) -> None:
        message.ack()
        try:
            topic = topics.parse(message.topic)
        except Refused:
            return
        if not isinstance(topic, DeviceTopic):
            return
        read = _read(message.payload)
        known = self._seen.get(topic.device)
        if read is None or (known is None and len(self._seen) >= _MOST and not self._belongs(topic.device)):
            return
        online, place = read
        if known and not online and place < known.place:  # a late will of an earlier start or connection
            return
        self._seen[topic.device] = Seen(online=online, place=place, came=self._clock.now())
        for heard in self._heard:
            heard()

    def _belongs(self, address: Device) -> bool:
        entry = self._roster.get(address.device)
        return entry is not None and entry.address == address


def _read(payload: bytes) -> tuple[bool, tuple[int, int]] | None:
    if payload.lower() in _WORDS:
        return _WORDS[payload.lower()], (0, 0)
    try:
        status = _decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return status.state == "online", (status.epoch, status.connection)
