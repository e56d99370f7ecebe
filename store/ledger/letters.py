"""How a dead letter is kept in a row."""

from __future__ import annotations

from typing import Final

import msgspec

from store.sink import DeadLetter

_decoder: Final = msgspec.msgpack.Decoder(DeadLetter)


def read(letter: bytes, replayed: int | None) -> DeadLetter:
    """A row → a dead letter."""
    return msgspec.structs.replace(_decoder.decode(letter), replayed=replayed)
