"""Secrets that we make: shown once to whoever they are for, kept only as a hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

_BYTES: Final = 32  # 256 bits: nobody guesses one, so a plain hash is enough
_LONGEST: Final = 200  # characters of anything that is worth hashing


def new(prefix: str = "") -> str:
    """A fresh secret, fit for an address, a header or a cookie."""
    return prefix + secrets.token_urlsafe(_BYTES)


def digest(secret: str) -> str:
    """What is kept of it. 64 hex digits."""
    return hashlib.sha256(secret[:_LONGEST].encode("utf-8", "replace")).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two hashes are the same, in a time that tells nothing."""
    return hmac.compare_digest(one.encode(), other.encode())
