"""Whether a list of files is by somebody who may say what runs here."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from contracts import updates
from contracts.updates import List
from edge.updates.errors import Unsigned


def checked(raw: bytes, signature: str, keys: Iterable[str], *, sha256: str = "") -> List:
    """The list, where one of the keys signed it. `keys`: Ed25519, 32 bytes in base64 each.

    Raises Unsigned, Refused.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if sha256 and not hmac.compare_digest(hashlib.sha256(raw).hexdigest(), sha256):
        raise Unsigned("the list of files is another than the command names")
    proof = updates.unpacked(updates.SIGNATURE, signature, 64)
    for key in keys:
        public = Ed25519PublicKey.from_public_bytes(updates.unpacked("updates.keys", key, 32))
        try:
            public.verify(proof, raw)
        except InvalidSignature:
            continue
        return updates.decode(raw)
    raise Unsigned("none of the keys in updates.keys signed the list of files")
