"""The bare way from broker to subscriber, as a process: acknowledges, looks at nothing; prints its rate.

python -m benchmarks.ingest_limit PORT MESSAGES
"""

from __future__ import annotations

import sys
import time
from typing import Final

from benchmarks.ingest_load import SEEN
from benchmarks.ingest_wire import PUBLISH, Wire
from contracts.topics import Channel, every
from runtime.mqtt import packets

_QUIET: Final = 5.0  # seconds without a message after which no more are expected


def _progress(seen: int) -> bytes:
    """Tells the load how far it is, so that it holds back as much as it does for receipts."""
    payload = str(seen).encode()
    return packets.publish(SEEN, len(payload), 0, qos=0, retain=False, properties=b"\0") + payload


def count(port: int, messages: int) -> float:
    """Messages a second, over the last nine tenths of them."""
    wire = Wire(port, "bench-limit")
    wire.subscribe(every(Channel.TELEMETRY))
    wire.socket.settimeout(_QUIET)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    seen, first, began, last = 0, messages // 10, 0.0, 0.0
    while seen < messages:
        acks = bytearray()
        arrived = list(wire.packets())
        if not arrived and seen:
            break  # the broker dropped some
        for head, body in arrived:
            if head >> 4 == PUBLISH:
                at = 2 + (body[0] << 8 | body[1])
                acks += packets.puback(body[at] << 8 | body[at + 1])
                seen += 1
                last = time.perf_counter()
                if seen == first:
                    began = last
        wire.socket.sendall(acks + _progress(seen))
    return (seen - first) / (last - began)


if __name__ == "__main__":
    sys.stdout.write(f"{count(int(sys.argv[1]), int(sys.argv[2]))}\n")
