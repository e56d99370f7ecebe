"""SenML (RFC 8428) in JSON and CBOR: resolve a pack to samples, encode samples to a pack."""

from __future__ import annotations

from contracts.series import Block
from contracts.topics import Device


def decode(payload: bytes, content_type: str, device: Device, *, now: int, block: Block) -> int:
    """Append a pack's samples to the block; return how many. Raises Refused, and then the block is as before.

    `content_type` is batches.JSON, batches.CBOR, or empty (JSON). Names resolve to `{own base name}{metric[_instance]}`
    or, where they start with no `urn:`, to a metric of the topic's device. `now` (µs UTC) resolves relative times.
    """
    raise NotImplementedError
