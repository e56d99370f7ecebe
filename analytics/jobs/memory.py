"""What must survive a kill: the rules' memory, saved beside the store's own state."""

from __future__ import annotations

from typing import Final

import msgspec

from analytics.evaluate import Kept
from contracts.judgements import Judgement

VERSION: Final = 1


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Everything up to here is judged and spooled; what came later is judged again, to the same end."""

    version: int = VERSION
    kept: list[Kept]
    unsaid: list[
        Judgement
    ] = []  # found by the clock, so no sample would make them again; perhaps not spooled yet


_decoder: Final = msgspec.msgpack.Decoder(Checkpoint)


def key(producer: str) -> str:
    """Where a job keeps it."""
    return f"analytics/{producer}"


def encode(checkpoint: Checkpoint) -> bytes:
    """Checkpoint → msgpack."""
    return msgspec.msgpack.encode(checkpoint)


def decode(raw: bytes) -> Checkpoint | None:
    """Msgpack → checkpoint; None where another version wrote it: the job then starts anew."""
    try:
        checkpoint = _decoder.decode(raw)
    except msgspec.MsgspecError:
        return None
    return checkpoint if checkpoint.version == VERSION else None
