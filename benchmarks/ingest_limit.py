"""The bare way from broker to subscriber, as a process: acknowledges, looks at nothing; prints its rate.

python -m benchmarks.ingest_limit PORT MESSAGES
"""

from __future__ import annotations

import sys
import time

from benchmarks.ingest_wire import PUBLISH, Wire
from contracts.topics import Channel, every
from runtime.mqtt import packets


def count(port: int, messages: int) -> float:
    """Messages a second, over the last nine tenths of them."""
    wire = Wire(port, "bench-limit")
    wire.subscribe(every(Channel.TELEMETRY))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    seen, first, began = 0, messages // 10, 0.0
    while seen < messages:
        acks = bytearray()
        for head, body in wire.packets():
            if head >> 4 == PUBLISH:
                at = 2 + (body[0] << 8 | body[1])
                acks += packets.puback(body[at] << 8 | body[at + 1])
                seen += 1
                if seen == first:
                    began = time.perf_counter()
        wire.socket.sendall(acks)
    return (messages - first) / (time.perf_counter() - began)


if __name__ == "__main__":
    sys.stdout.write(f"{count(int(sys.argv[1]), int(sys.argv[2]))}\n")
