"""SenML (RFC 8428) in JSON and CBOR: resolve a pack to samples, encode samples to a pack."""

from contracts.senml.decoding import decode
from contracts.senml.encoding import encode
from contracts.senml.names import PEN, Names, base_name
from contracts.senml.times import AHEAD, OLDEST, RELATIVE_AHEAD

__all__ = ["AHEAD", "OLDEST", "PEN", "RELATIVE_AHEAD", "Names", "base_name", "decode", "encode"]
