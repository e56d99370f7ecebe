"""Publishes of one connection: a window of unanswered ones, in the order of the calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from runtime.clock import Clock
from runtime.mqtt import packets
from runtime.mqtt.errors import Denied, Lost

_FIRST_MID: Final = 1_000  # lower packet identifiers are for paho's SUBSCRIBE
_LAST_MID: Final = 65_535
_PACKET_TOO_LARGE: Final = 0x95
_FAILURE: Final = 0x80  # the first reason code that is one


class Outgoing:
    """Sends when fewer than `window` publishes wait for their answer and the transport takes more."""

    def __init__(self, write: Callable[[bytes, bytes], None], clock: Clock, window: int) -> None:
        self.window = window
        self.largest = packets.LARGEST  # bytes of a packet that the broker takes
        self._write = write
        self._clock = clock
        self._turn = asyncio.Lock()
        self._queued = 0  # callers that wait for their turn
        self._room = asyncio.Event()
        self._writable = True
        self._mid = _FIRST_MID
        self._pending: dict[int, tuple[asyncio.Future[None], str, float]] = {}
        self._lost: Lost | None = None

    async def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, properties: bytes) -> None:
        """Send when the window has room, in turn; at QoS 1 return after PUBACK. Raises Lost, Denied."""
        if self._queued or self._full:
            await self._wait()
        if self._lost:
            raise Lost(*self._lost.args)
        mid = self._next() if qos else 0
        head = packets.publish(topic, len(payload), mid, qos=qos, retain=retain, properties=properties)
        if len(head) + len(payload) > self.largest:
            raise Denied(topic, _PACKET_TOO_LARGE, f"the broker takes packets up to {self.largest} bytes")
        answer: asyncio.Future[None] | None = None
        if qos:
            answer = asyncio.get_running_loop().create_future()
            self._pending[mid] = answer, topic, self._clock.monotonic()
        self._write(head, payload)
        if answer:
            await answer

    @property
    def oldest(self) -> float | None:
        """Monotonic time at which the publish left that has waited longest."""
        return next((sent for _, _, sent in self._pending.values()), None)

    def answer(self, mid: int, code: int) -> None:
        """A PUBACK came."""
        found = self._pending.pop(mid, None)
        self._room.set()
        if found is None or found[0].done():
            return  # its caller was cancelled
        answer, topic, _ = found
        if code >= _FAILURE:
            answer.set_exception(Denied(topic, code, _reason(code)))
        else:
            answer.set_result(None)

    def allow(self, *, writable: bool) -> None:
        """Whether the transport takes more."""
        self._writable = writable
        self._room.set()

    def lose(self, error: Lost) -> None:
        """The connection is gone: every publish that waits raises this."""
        self._lost = error
        for answer, _, _ in self._pending.values():
            if not answer.done():
                answer.set_exception(Lost(*error.args))
        self._pending.clear()
        self._room.set()

    @property
    def _full(self) -> bool:
        return not self._writable or len(self._pending) >= self.window

    async def _wait(self) -> None:
        """Return when there is room and everyone who came before is through."""
        self._queued += 1
        try:
            async with self._turn:
                while self._full and not self._lost:
                    self._room.clear()
                    await self._room.wait()
        finally:
            self._queued -= 1

    def _next(self) -> int:
        """Packet identifier that is not in flight; the window is smaller than their number."""
        while True:
            self._mid = self._mid + 1 if self._mid < _LAST_MID else _FIRST_MID
            if self._mid not in self._pending:
                return self._mid


def _reason(code: int) -> str:
    try:
        return str(ReasonCode(PacketTypes.PUBACK, identifier=code))
    except KeyError:
        return "a reason that MQTT does not know"
