"""A content as cipher: AES-256-GCM over chunks, so that a part can be read without the rest.

The key belongs to one content only, so a nonce may be a chunk's number. The last chunk is marked in its
nonce: a cut or lengthened cipher does not open.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK: Final = b"IMMFILE1"  # beginning of each cipher, also authenticated with each chunk
CHUNK: Final = 65_536  # bytes of content in a chunk
_TAG: Final = 16
Fetch = Callable[[int, int], bytes]  # (start, end) of the cipher → its bytes


def new_key() -> bytes:
    """A key for one content."""
    return secrets.token_bytes(32)


def seal(body: bytes, key: bytes) -> bytes:
    """Content → cipher."""
    box = AESGCM(key)
    count = _chunks(len(body))
    parts = [MARK]
    for number in range(count):
        part = body[number * CHUNK : (number + 1) * CHUNK]
        parts.append(box.encrypt(_nonce(number, last=number == count - 1), part, MARK))
    return b"".join(parts)


def size(content: int) -> int:
    """Bytes of a cipher of this much content."""
    return len(MARK) + content + _chunks(content) * _TAG


def open_part(fetch: Fetch, key: bytes, content: int, start: int, end: int) -> Iterator[bytes]:
    """Bytes [start, end) of a content of `content` bytes. Raises ValueError where the cipher was changed."""
    if not 0 <= start <= end <= content:
        raise ValueError("the part lies outside of the content")
    box = AESGCM(key)
    last = _chunks(content) - 1
    number = start // CHUNK
    while number * CHUNK < end or (number == start == end == 0):
        length = (content - number * CHUNK if number == last else CHUNK) + _TAG
        at = len(MARK) + number * (CHUNK + _TAG)
        try:
            part = box.decrypt(_nonce(number, last=number == last), fetch(at, at + length), MARK)
        except InvalidTag:
            raise ValueError(f"chunk {number} does not open") from None
        yield part[max(0, start - number * CHUNK) : end - number * CHUNK]
        number += 1


def _chunks(content: int) -> int:
    return max(1, -(-content // CHUNK))  # an empty content has one chunk too, so that it cannot be forged


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
