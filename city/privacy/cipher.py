"""AES-256-GCM with what the text belongs to bound in: moved elsewhere, it does not open."""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY: Final = 32  # bytes
_NONCE: Final = 12  # random: one key seals far fewer than the 2**32 texts for which that is safe
_FORM: Final = b"\x01"  # of what we write; another one begins with another byte


class Unsealed(ValueError):
    """The text was not sealed with this key for this place."""


def key() -> bytes:
    """A new key."""
    return os.urandom(KEY)


def place(*parts: str) -> bytes:
    """What a text belongs to, without ambiguity."""
    return msgspec.json.encode(parts)


def seal(with_key: bytes, plain: bytes, where: bytes) -> bytes:
    """Encrypt for a place."""
    nonce = os.urandom(_NONCE)
    return _FORM + nonce + AESGCM(with_key).encrypt(nonce, plain, where)


def unseal(with_key: bytes, sealed: bytes, where: bytes) -> bytes:
    """Decrypt what was sealed for this place. Raises Unsealed."""
    if sealed[:1] != _FORM or len(sealed) <= 1 + _NONCE:
        raise Unsealed("not a text of ours")
    try:
        return AESGCM(with_key).decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], where)
    except InvalidTag:
        raise Unsealed("another key, another place, or changed") from None


def mac(root: bytes, purpose: str, message: bytes) -> bytes:
    """Keyed hash; each purpose has a key of its own, derived from the root."""
    own = hmac.digest(root, b"imm mac 1\n" + purpose.encode(), hashlib.sha256)
    return hmac.digest(own, message, hashlib.sha256)
