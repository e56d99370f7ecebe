"""A detector's memory as bytes: msgpack, arrays as their float64, little-endian."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec
import numpy as np

from analytics.detectors.anomaly.errors import NotKept

T = TypeVar("T", bound=msgspec.Struct)
if TYPE_CHECKING:
    Floats: TypeAlias = array[float]
else:
    Floats = array  # Python 3.11 cannot subscript it, and msgspec reads annotations


def save(state: msgspec.Struct) -> bytes:
    """State → msgpack."""
    return msgspec.msgpack.encode(state, enc_hook=_write)


def restore(raw: bytes, kind: type[T]) -> T:
    """Msgpack → state. Raises NotKept."""
    try:
        return msgspec.msgpack.decode(raw, type=kind, dec_hook=_read)
    except (msgspec.MsgspecError, ValueError) as error:
        raise NotKept(f"no memory of this version ({error})") from error


def numbers() -> Floats:
    """Empty; eight bytes a number, where a list takes thirty-two."""
    return array("d")


def _write(thing: Any) -> bytes:
    if isinstance(thing, array):
        thing = np.frombuffer(thing, np.float64) if thing else np.empty(0)
    if isinstance(thing, np.ndarray):
        return thing.astype("<f8").tobytes()
    raise NotImplementedError(type(thing).__name__)


def _read(kind: type, raw: Any) -> Any:
    if not isinstance(raw, bytes) or len(raw) % 8:
        raise ValueError("an array is kept as the bytes of its numbers")
    if kind is np.ndarray:
        return np.frombuffer(raw, "<f8").astype(np.float64)
    found = array("d", raw)
    if sys.byteorder == "big":
        found.byteswap()
    return found
