"""What ingest's tests are made of: a roster, messages, and a store in memory that does what it is told."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from contracts import batches
from contracts.frames import Header
from contracts.roster import Entry
from contracts.topics import Channel, Device, Kind
from store.sink import Committed, Write

GATE = Device(site="bima", kind=Kind.KIOSK, device="kiosk-1")
PARK = Device(site="bima", kind=Kind.WIFI, device="wifi-1")


class Roster:
    """contracts.roster.Reader over a dict."""

    def __init__(self, *devices: Device) -> None:
        self.entries = {
            device.device: Entry(device=device.device, kind=device.kind, site=device.site)
            for device in devices
        }

    def get(self, device: str) -> Entry | None:
        return self.entries.get(device)

    def list(self, *, site: str = "", kind: Kind | None = None) -> list[Entry]:
        return list(self.entries.values())


class Message:
    """A message that remembers whether it was acknowledged."""

    def __init__(
        self,
        topic: str,
        payload: bytes,
        *,
        properties: Mapping[str, str],
        content_type: str = "",
        retain: bool = False,
    ) -> None:
        self.topic = topic
        self.payload = payload
        self.properties = properties
        self.content_type = content_type
        self.retain = retain
        self.acks = 0

    def ack(self) -> None:
        self.acks += 1


class Sink:
    """Keeps writes; raises what `fails` holds first, oldest first; waits while `gate` is closed."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.fails: list[Exception] = []
        self.gate = threading.Event()
        self.gate.set()
        self.seen: set[tuple[str, int, int]] = set()

    def commit(self, write: Write) -> Committed:
        assert self.gate.wait(30)
        if self.fails:
            raise self.fails.pop(0)
        duplicates = []
        for i, arrival in enumerate(write.arrivals):
            if arrival.sequence is not None:
                key = (str(arrival.sequence.stream), arrival.sequence.epoch, arrival.sequence.seq)
                if key in self.seen:
                    duplicates.append(i)
                self.seen.add(key)
        self.writes.append(write)
        return Committed(duplicates=tuple(duplicates), stored=len(write.block))


class Frames:
    """Keeps frames."""

    def __init__(self) -> None:
        self.kept: list[tuple[Device, Header, bytes, str]] = []

    def put(self, device: Device, header: Header, payload: bytes, content_type: str) -> Path:
        self.kept.append((device, header, payload, content_type))
        return Path(header.sha256)


def message(
    payload: bytes | list[dict[str, Any]],
    *,
    device: Device = GATE,
    channel: Channel = Channel.TELEMETRY,
    seq: int = 0,
    epoch: int = 1,
    topic: str = "",
    properties: Mapping[str, str] | None = None,
    content_type: str = "",
    retain: bool = False,
) -> Message:
    """A message, numbered where `seq` is given. A list becomes a SenML pack."""
    body = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
    place = batches.Sequence(stream=batches.Stream.of(device, channel), epoch=epoch, seq=max(seq, 1))
    return Message(
        topic or device.topic(channel),
        body,
        properties=(dict(place.properties()) if seq else {}) | dict(properties or {}),
        content_type=content_type,
        retain=retain,
    )
