"""What a message costs between socket and handler: our client, paho with its own thread, and a bare socket.

A running broker is given. Load and reader share the machine, so the bare reader is the limit of that moment.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
import time
from collections import deque
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from benchmarks.ingest_wire import PUBACK, PUBLISH, Wire
from runtime import mqtt
from runtime.mqtt import packets

TOPIC: Final = "bench/mqtt"
PAYLOAD: Final = b"x" * 4_200  # 100 records as SenML JSON
USER: Final = (
    ("stream", "kiosk-1/telemetry"),
    ("epoch", "1790000000000000"),
    ("seq", "12345"),
    ("attempt", "1"),
)
TYPE: Final = "application/senml+json"
WINDOW: Final = 500  # publishes of the load that wait for their PUBACK
WITHIN: Final = 300.0  # seconds for one measurement


def run(port: int, *, messages: int = 20_000) -> dict[str, float]:
    """Messages a second and µs of CPU a message, received and sent, at QoS 1 with properties (MQTT 5)."""
    figures: dict[str, float] = {}
    for name, receive in (("bare", _bare), ("ours", _ours), ("paho", _paho)):
        rate, cpu = receive(port, messages)
        figures |= {f"{name}_received_per_s": rate, f"{name}_received_cpu_us": cpu}
    rate, cpu = asyncio.run(_send(port, messages))
    return figures | {"ours_sent_per_s": rate, "ours_sent_cpu_us": cpu}


class _Meter:
    """Counts messages from the first on."""

    def __init__(self, messages: int) -> None:
        self.messages = messages
        self.seen = 0
        self._began = self._cpu = 0.0

    def count(self) -> bool:
        """One more; whether it was the last."""
        if not self.seen:
            self._began, self._cpu = time.perf_counter(), time.process_time()
        self.seen += 1
        return self.seen == self.messages

    def figures(self) -> tuple[float, float]:
        """Messages a second, µs of CPU a message."""
        took, cpu = time.perf_counter() - self._began, time.process_time() - self._cpu
        return self.messages / took, cpu / self.messages * 1e6


def _bare(port: int, messages: int) -> tuple[float, float]:
    wire, meter = Wire(port, "bench-bare"), _Meter(messages)
    wire.subscribe(TOPIC)
    load = _load(port, messages)
    while meter.seen < messages:
        acks = bytearray()
        for head, body in wire.packets():
            if head >> 4 == PUBLISH:
                at = 2 + (body[0] << 8 | body[1])
                acks += packets.puback(body[at] << 8 | body[at + 1])
                meter.count()
        wire.socket.sendall(acks)
    figures = meter.figures()
    load.join(WITHIN)
    wire.socket.close()
    return figures


def _ours(port: int, messages: int) -> tuple[float, float]:
    async def receive() -> tuple[float, float]:
        meter, done = _Meter(messages), asyncio.Event()

        def handle(message: mqtt.Message) -> None:
            message.ack()
            if meter.count():
                done.set()

        async with mqtt.Client(mqtt.Settings(port=port), client_id="bench-ours") as client:
            client.subscribe(TOPIC, handle)
            await client.wait_connected(10)
            load = _load(port, messages)
            await asyncio.wait_for(done.wait(), WITHIN)
            figures = meter.figures()
            load.join(WITHIN)
        return figures

    return asyncio.run(receive())


def _paho(port: int, messages: int) -> tuple[float, float]:
    client = paho.Client(
        CallbackAPIVersion.VERSION2, "bench-paho", protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True
    )
    meter, ready, done = _Meter(messages), threading.Event(), threading.Event()

    def handle(client: paho.Client, _user: Any, message: paho.MQTTMessage) -> None:
        client.ack(message.mid, message.qos)
        if meter.count():
            done.set()

    client.on_message = handle
    client.on_subscribe = lambda *_: ready.set()
    client.on_connect = lambda client, *_: client.subscribe(TOPIC, 1)
    client.connect("127.0.0.1", port)
    client.loop_start()
    ready.wait(10)
    load = _load(port, messages)
    done.wait(WITHIN)
    figures = meter.figures()
    load.join(WITHIN)
    client.disconnect()
    client.loop_stop()
    return figures


async def _send(port: int, messages: int) -> tuple[float, float]:
    meter = _Meter(messages)
    async with mqtt.Client(mqtt.Settings(port=port), client_id="bench-send") as client:
        await client.wait_connected(10)

        async def work(share: int) -> None:
            for _ in range(share):
                await client.publish(TOPIC, PAYLOAD, properties=USER, content_type=TYPE)
                meter.count()

        await asyncio.gather(*(work(messages // 100) for _ in range(100)))
    return meter.figures()


def _load(port: int, messages: int) -> multiprocessing.process.BaseProcess:
    """A process that publishes as fast as the broker answers."""
    load = multiprocessing.get_context("spawn").Process(target=_publish, args=(port, messages), daemon=True)
    load.start()
    return load


def _publish(port: int, messages: int) -> None:
    wire = Wire(port, "bench-load")
    properties = packets.properties(USER, TYPE, None)
    window = min(WINDOW, wire.window)
    ready = deque(
        packets.publish(TOPIC, len(PAYLOAD), mid, qos=1, retain=False, properties=properties) + PAYLOAD
        for mid in range(1, window + 1)
    )
    left, waiting = messages, 0
    while left or waiting:
        count = min(window - waiting, left)
        wire.socket.sendall(b"".join(ready[place] for place in range(count)))
        ready.rotate(-count)
        left, waiting = left - count, waiting + count
        waiting -= sum(head >> 4 == PUBACK for head, _ in wire.packets())
    wire.socket.close()
