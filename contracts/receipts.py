"""Receipts: which batches of a stream are durable, so that the sender may forget them."""

from __future__ import annotations

from typing import Final

import msgspec

from contracts.batches import Stream
from contracts.errors import Refused
from contracts.ranges import Ranges, union

MOST_RANGES: Final = 1_000  # ranges in one receipt; a worker splits what is longer


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Batches of one stream and epoch that one worker made durable: stored, dead letters or declared gaps."""

    stream: str  # device/channel
    epoch: int
    ranges: Ranges  # closed, sorted, disjoint


_decoder: Final = msgspec.json.Decoder(Receipt)


def encode(receipt: Receipt) -> bytes:
    """Receipt → JSON."""
    return msgspec.json.encode(receipt)


def decode(payload: bytes) -> Receipt:
    """JSON → receipt with ranges in order. Raises Refused."""
    try:
        receipt = _decoder.decode(payload)
        Stream.parse(receipt.stream)
        if not receipt.ranges or len(receipt.ranges) > MOST_RANGES:
            raise Refused("ranges", len(receipt.ranges), f"1 to {MOST_RANGES} ranges")
        return msgspec.structs.replace(receipt, ranges=union(receipt.ranges))
    except Refused:
        raise
    except (msgspec.MsgspecError, ValueError) as error:
        raise Refused("receipt", payload[:120], str(error)) from None
