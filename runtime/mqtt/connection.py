"""One connection from its CONNECT to its loss: asyncio moves the bytes, paho and `packets` read them."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from runtime.clock import Clock
from runtime.mqtt import packets, tls
from runtime.mqtt.errors import Lost
from runtime.mqtt.message import Message
from runtime.mqtt.outgoing import Outgoing
from runtime.mqtt.settings import Settings, Will
from runtime.mqtt.speaker import Speaker
from runtime.mqtt.wire import Wire

_PUBLISH: Final = 3  # packet types
_PUBACK: Final = 4
_PINGREQ: Final = b"\xc0\x00"
_TICK: Final = 1.0  # seconds between looks at keepalive and overdue answers
_WRITE_AHEAD: Final = (
    65_536  # bytes of a payload from which it is handed over at once: the transport may say stop
)


class Connection(asyncio.Protocol):
    """Bytes in and out of one connection. `lost` resolves to the reason, or raises what a handler raised."""

    def __init__(
        self,
        settings: Settings,
        *,
        client_id: str,
        password: str,
        will: Will | None,
        session_expiry: int,
        receive_maximum: int,
        deliver: Callable[[Message], None],
        clock: Clock,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.accepted: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[str] = loop.create_future()
        self.session_present = False
        self._loop = loop
        self._settings = settings
        self._clock = clock
        self._deliver = deliver
        self._v5 = settings.protocol == 5
        self._receive_maximum = receive_maximum
        self._keepalive = settings.keepalive
        self._outgoing = Outgoing(self._write, clock, settings.window)
        self._wire: Wire | None = None
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._subscribing: dict[int | None, tuple[asyncio.Future[None], list[str]]] = {}
        self._unacked: deque[Message] = deque()
        self._paused = False  # by the bound on unacknowledged messages
        self._held = False  # by `pause`
        self._resuming = False
        self._heard = self._pinged = self._resumed = clock.monotonic()
        self._ticker: asyncio.TimerHandle | None = None
        self._flushing = False
        self._leaving = False
        self._speaker = Speaker(
            settings, client_id=client_id, password=password, will=will, session_expiry=session_expiry
        )
        self._speaker.on_connect = self._on_connect
        self._speaker.on_disconnect = self._on_disconnect
        self._speaker.on_subscribe = self._on_subscribe
        self._speaker.on_socket_register_write = self._on_want_write

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # a stream, by create_connection
        self._wire = Wire(self._transport)
        self._speaker.begin(self._wire, self._receive_maximum)
        self._flush()
        self._ticker = self._loop.call_later(_TICK, self._tick)

    def data_received(self, data: bytes) -> None:
        self._heard = self._clock.monotonic()
        if self._rest:
            data = self._rest + data
        view = memoryview(data)
        at = 0
        end = len(data)
        try:
            while not (self._paused or self._held or self.lost.done()):
                try:
                    length, body = packets.varint(data, at + 1)
                except IndexError:
                    break
                if body + length > end:
                    break
                header = data[at]
                if header >> 4 == _PUBLISH:
                    self._receive(packets.decode(header, view[body : body + length], v5=self._v5))
                elif header >> 4 == _PUBACK:
                    self._outgoing.answer(*packets.acknowledged(view[body : body + length]))
                else:
                    self._feed(view[at : body + length])
                at = body + length
        except packets.Malformed as error:
            self.close(f"the broker sent a malformed packet: {error}")
        self._rest = data[at:] if at < end else b""

    def _feed(self, packet: memoryview) -> None:
        if self._wire:
            self._wire.feed(packet)
            self._speaker.loop_read()

    def _receive(self, message: Message) -> None:
        if message.qos:
            self._unacked.append(message)
            message.on_ack(self._settle)
            if len(self._unacked) >= self._receive_maximum and self._transport:
                self._paused = True  # Mosquitto refills its whole window at each PUBACK, so the bound is here
                self._transport.pause_reading()
        try:
            self._deliver(message)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises stops the client, and is raised there
            if not self.lost.done():
                self.lost.set_exception(error)
            self.close("a handler failed")

    def pause_writing(self) -> None:
        self._outgoing.allow(writable=False)

    def resume_writing(self) -> None:
        self._outgoing.allow(writable=True)

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, ssl.SSLError):
            self._end(tls.reason(exc))
        else:
            self._end(f"{exc}" if exc else "the broker closed the connection")

    # paho's side

    def _on_connect(self, _c: Any, _u: Any, flags: Any, reason: ReasonCode, properties: Any) -> None:
        if reason.is_failure:
            self.close(f"the broker refused the connection: {reason}")
            return
        self.session_present = flags.session_present
        self._keepalive = getattr(properties, "ServerKeepAlive", self._settings.keepalive)
        self._outgoing.largest = getattr(properties, "MaximumPacketSize", packets.LARGEST)
        granted = getattr(properties, "ReceiveMaximum", self._settings.window)
        self._outgoing.window = min(self._settings.window, granted)
        if not self.accepted.done():
            self.accepted.set_result(None)

    def _on_disconnect(self, _c: Any, _u: Any, _flags: Any, reason: ReasonCode, _p: Any) -> None:
        if self._leaving and self._wire:
            self._wire.close()
            self._end("closed")
        else:
            self.close(f"{reason}")

    def _on_subscribe(self, _c: Any, _u: Any, mid: int, reasons: list[ReasonCode], _p: Any) -> None:
        future, filters = self._subscribing[mid]
        for topic_filter, reason in zip(filters, reasons, strict=False):
            if reason.is_failure:
                self.close(f"the broker refused the subscription {topic_filter}: {reason}")
                return
        del self._subscribing[mid]
        if not future.done():
            future.set_result(None)

    def _on_want_write(self, *_: Any) -> None:
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    # our side

    def subscribe(self, filters: Iterable[tuple[str, int]]) -> asyncio.Future[None]:
        """Ask for messages; resolves at the answer. A refusal ends the connection with its reason."""
        wanted = list(filters)
        options: list[Any] = [(name, SubscribeOptions(qos) if self._v5 else qos) for name, qos in wanted]
        future: asyncio.Future[None] = self._loop.create_future()
        _, mid = self._speaker.subscribe(options)
        self._subscribing[mid] = future, [name for name, _ in wanted]
        return future

    async def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool, properties: bytes) -> None:
        """Send in turn; at QoS 1 return after PUBACK. Raises Lost, Denied."""
        await self._outgoing.publish(topic, payload, qos=qos, retain=retain, properties=properties)

    def _write(self, *parts: bytes) -> None:
        if self._wire:
            for part in parts:
                self._wire.send(part)
        if len(parts[-1]) > _WRITE_AHEAD:
            self._flush()
        else:
            self._on_want_write()

    def _settle(self) -> None:
        """Acknowledge in the order of receipt (MQTT 5, 4.6); rumqttd insists."""
        while self._unacked and self._unacked[0].acked:
            message = self._unacked.popleft()
            if not self.lost.done():
                self._write(packets.puback(message.mid))
        if self._paused and not self._resuming and len(self._unacked) <= self._receive_maximum // 2:
            self._resuming = True
            self._loop.call_soon(self._resume)

    def _resume(self) -> None:
        self._paused = self._resuming = False
        self._read_on()

    def _read_on(self) -> None:
        if self._paused or self._held or self.lost.done() or not self._transport:
            return
        self._resumed = self._clock.monotonic()
        self._transport.resume_reading()
        self.data_received(b"")  # what was read before the pause; it may pause again

    def _flush(self) -> None:
        self._flushing = False
        if self._wire and not self.lost.done():
            self._speaker.loop_write()
            self._wire.flush()

    def _tick(self) -> None:
        """Ask for a sign of life in time, give up on a broker that shows none; while paused none is seen."""
        self._ticker = self._loop.call_later(_TICK, self._tick)
        now = self._clock.monotonic()
        if now - self._pinged >= self._keepalive / 2:
            self._pinged = now
            self._write(_PINGREQ)
        if self._paused or self._held:
            self._heard = self._resumed = now
        oldest = self._outgoing.oldest
        if now - self._heard > self._keepalive * 1.5:
            self.close(f"no sign of life for {now - self._heard:.0f} s")
        elif oldest is not None and now - max(oldest, self._resumed) > self._settings.patience:
            self.close(f"no PUBACK within {self._settings.patience:g} s")

    def pause(self) -> None:
        """Read no more, once the broker's answers to CONNECT and SUBSCRIBE are read."""
        if self._transport and self.accepted.done() and not self._subscribing:
            self._held = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._held:
            self._held = False
            self._loop.call_soon(self._read_on)

    def disconnect(self) -> None:
        """Say goodbye, so that no will is published."""
        if not self.lost.done():
            self._leaving = True
            self._speaker.disconnect()
            self._flush()

    def close(self, reason: str) -> None:
        """End the connection at once."""
        self._end(reason)
        if self._transport:
            self._transport.abort()

    @property
    def reason(self) -> str:
        """Why the connection was lost."""
        if not self.lost.done():
            return ""
        return str(self.lost.exception() or self.lost.result())

    def _end(self, reason: str) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)
        if self._ticker:
            self._ticker.cancel()
        error = Lost(self.reason)
        if not self.accepted.done():
            self.accepted.set_exception(error)
            self.accepted.exception()  # seen: it is no fault when nobody waits any more
        for future, _ in self._subscribing.values():
            if not future.done():
                future.set_exception(error)
                future.exception()
        self._subscribing.clear()
        self._outgoing.lose(error)
