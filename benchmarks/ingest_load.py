"""A load of 100-record SenML batches, numbered and receipted, as a process: prints what came of it as JSON.

python -m benchmarks.ingest_load PORT --seconds 10 [--rate MESSAGES_PER_S] [--messages N] [--bare [--paced]]
"""

from __future__ import annotations

import argparse
import json
import select
import time
from typing import Any, Final

import msgspec

from benchmarks.ingest_wire import PUBACK, PUBLISH, Wire
from contracts import batches, receipts
from contracts.senml import base_name
from contracts.topics import Channel, Device, Kind
from runtime.mqtt import packets

DEVICES: Final = 100
RECORDS: Final = 100  # a batch
_METRICS: Final = ("cpu.utilization", "memory.utilization", "temperature", "wifi.clients")
_STEP: Final = 25  # ms of sample time from batch to batch of one device: 25 instants of four metrics
_BEFORE: Final = 60  # s: sample time begins so long ago and runs about as fast as time itself
_OUTSTANDING: Final = 1_500  # batches sent and not receipted, at most: what a fleet's spools would hold back
_WARM: Final = 2.0  # s that are not counted
SEEN: Final = "imm/v1/platform/bench/seen"  # where the bare subscriber tells how many messages it has
_PATIENCE: Final = 30.0  # s without any answer


def device(number: int) -> Device:
    """Device of the load."""
    return Device(site="bima", kind=Kind.KIOSK, device=f"load-{number}")


class Stream:
    """One device: makes its next packet from parts encoded before."""

    def __init__(self, number: int, began: float) -> None:
        self.device = device(number)
        self.epoch = int(began * 1e6)
        self.seq = 0
        self._start = int((began - _BEFORE) * 1_000)
        self._stream = str(batches.Stream.of(self.device, Channel.TELEMETRY))
        self._topic = self.device.topic(Channel.TELEMETRY)
        records: list[dict[str, Any]] = [
            {"n": _METRICS[i % 4], "t": i // 4 / 1_000, "v": round(0.2 + i / 1_000, 3)}
            for i in range(RECORDS)
        ]
        records[0] = {"bn": base_name(self.device.device), "bt": 11111, **records[0]}
        self._head, self._tail = msgspec.json.encode(records).split(b"11111")

    def packet(self, mid: int) -> bytes:
        """PUBLISH of the next batch."""
        time_ms = self._start + self.seq * _STEP
        self.seq += 1
        payload = b"%b%d.%03d%b" % (self._head, time_ms // 1_000, time_ms % 1_000, self._tail)
        place = [
            ("stream", self._stream),
            ("epoch", str(self.epoch)),
            ("seq", str(self.seq)),
            ("attempt", "1"),
        ]
        properties = packets.properties(place, batches.JSON, None)
        head = packets.publish(self._topic, len(payload), mid, qos=1, retain=False, properties=properties)
        return head + payload


class Load:
    """Sends as fast as receipts come back, or at a rate."""

    def __init__(self, port: int, *, rate: float, bare: bool, paced: bool) -> None:
        self._wire = Wire(port, "bench-load")
        self._bare = bare
        self._paced = paced
        self._seen = 0
        self._rate = rate
        self._wire.subscribe(SEEN if bare else "imm/v1/+/+/+/receipt")
        self._wire.socket.setblocking(False)
        self._streams = [Stream(number, time.time()) for number in range(DEVICES)]
        self._sent_at: dict[tuple[str, int], float] = {}
        self._unacked = 0
        self._out = bytearray()
        self.sent = 0
        self.receipted = 0
        self.times: list[tuple[float, float]] = []  # when a receipt came, and how long it took

    def run(self, seconds: float, messages: int) -> dict[str, float]:
        """Load for so long, or so many messages; then wait for what is outstanding."""
        began = heard = time.perf_counter()
        until = began + _WARM + seconds
        marks: list[tuple[float, int]] = []
        while True:
            now = time.perf_counter()
            done = self.sent >= messages if messages else now >= until
            if done and not self._out and self._unacked == 0 and (self._bare or not self._sent_at):
                break
            if now - heard > _PATIENCE:
                break
            if not done:
                self._fill(now - began)
            if self._turn():
                heard = time.perf_counter()
            marks.append((now, self.receipted))
        return self._report(began, until, marks)

    @property
    def _outstanding(self) -> int:
        if not self._bare:
            return len(self._sent_at)
        return self.sent - self._seen if self._paced else 0

    def _fill(self, elapsed: float) -> None:
        """Make packets while the window, the outstanding ones and the rate allow."""
        most = self._rate * elapsed if self._rate else float("inf")
        while (
            len(self._out) < 1 << 17
            and self.sent < most
            and self._unacked < self._wire.window
            and self._outstanding < _OUTSTANDING
        ):
            stream = self._streams[self.sent % DEVICES]
            self._out += stream.packet(self.sent % 65_000 + 1)
            self.sent += 1
            self._unacked += 1
            if not self._bare:
                self._sent_at[stream.device.device, stream.seq] = time.perf_counter()

    def _turn(self) -> bool:
        """Send and receive what can be; say whether anything came."""
        wire = self._wire
        writing = [wire.socket] if self._out else []
        readable, writable, _ = select.select([wire.socket], writing, [], 0.001)
        if writable:
            del self._out[: wire.socket.send(self._out)]
        if not readable:
            return False
        for head, body in wire.packets():
            if head >> 4 == PUBACK:
                self._unacked -= 1
            elif head >> 4 == PUBLISH:
                self._take(head, body)
        return True

    def _take(self, head: int, body: memoryview) -> None:
        message = packets.decode(head, body, v5=True)
        if message.qos:
            self._out += packets.puback(message.mid)
        if self._bare:
            self._seen = int(message.payload)
            return
        receipt = receipts.decode(message.payload)
        name = receipt.stream.partition("/")[0]
        now = time.perf_counter()
        for first, last in receipt.ranges:
            for seq in range(first, last + 1):
                sent = self._sent_at.pop((name, seq), None)
                if sent is not None:
                    self.receipted += 1
                    self.times.append((now, now - sent))

    def _report(self, began: float, until: float, marks: list[tuple[float, int]]) -> dict[str, float]:
        counted = sorted(took for when, took in self.times if began + _WARM <= when <= until) or [0.0]
        inside = [mark for mark in marks if began + _WARM <= mark[0] <= until]
        span = inside[-1][0] - inside[0][0] if len(inside) > 1 else 0.0
        done = inside[-1][1] - inside[0][1] if inside else 0
        return {
            "sent": self.sent,
            "receipted": self.receipted,
            "records_per_s": done * RECORDS / span if span else 0.0,
            "receipt_ms_p50": counted[len(counted) // 2] * 1e3,
            "receipt_ms_p99": counted[len(counted) * 99 // 100] * 1e3,
        }


def main() -> None:
    """Entry point of the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--messages", type=int, default=0)
    parser.add_argument("--bare", action="store_true", help="wait for no receipts")
    parser.add_argument("--paced", action="store_true", help="but for the bare subscriber")
    given = parser.parse_args()
    load = Load(given.port, rate=given.rate, bare=given.bare, paced=given.paced)
    print(json.dumps(load.run(given.seconds, given.messages)))  # noqa: T201 - the process's answer


if __name__ == "__main__":
    main()
