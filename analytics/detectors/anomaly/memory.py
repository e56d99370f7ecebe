"""A detector's memory as bytes: msgpack, arrays as their float64."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import numpy as np

from analytics.detectors.anomaly.errors import NotKept
from analytics.tracks import Numbers

T = TypeVar("T", bound=msgspec.Struct)


def _enc(thing: Any) -> bytes:
    """Array → bytes; little-endian wherever it runs."""
    if isinstance(thing, np.ndarray):
        return thing.astype("<f8").tobytes()
    raise NotImplementedError


def _dec(kind: type, raw: Any) -> Numbers:
    if kind is np.ndarray and isinstance(raw, bytes):
        return np.frombuffer(raw, "<f8").astype(np.float64)
    raise NotImplementedError


def save(state: msgspec.Struct) -> bytes:
    """State → msgpack."""
    return msgspec.msgpack.encode(state, enc_hook=_enc)


def restore(raw: bytes, kind: type[T]) -> T:
    """Msgpack → state. Raises NotKept."""
    try:
        return msgspec.msgpack.decode(raw, type=kind, dec_hook=_dec)
    except (msgspec.MsgspecError, NotImplementedError, ValueError) as error:
        raise NotKept(f"no memory of this version ({error})") from error
