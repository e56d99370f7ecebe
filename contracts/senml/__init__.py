"""SenML (RFC 8428) in JSON and CBOR: resolve a pack to samples, encode samples to a pack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts.senml.encoding import encode
from contracts.senml.names import PEN, Names, base_name
from contracts.senml.times import AHEAD, OLDEST, RELATIVE_AHEAD

if TYPE_CHECKING:
    from contracts.senml.decoding import decode

__all__ = ["AHEAD", "OLDEST", "PEN", "RELATIVE_AHEAD", "Names", "base_name", "decode", "encode"]


def __getattr__(name: str) -> Any:
    """Decoding, which devices never do, loads when it is first asked for (PEP 562)."""
    if name != "decode":
        raise AttributeError(name)
    from contracts.senml.decoding import decode

    globals()[name] = decode
    return decode
