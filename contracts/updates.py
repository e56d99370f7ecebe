"""A signed set of wheels: what an agent installs, and by whose word.

A folder holds the list of its files, the list's signature (Ed25519), and the wheels. Who has the first two
needs to believe nobody on the way: each wheel is known by its digest.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Final

import msgspec

from contracts.errors import Refused

LIST: Final = "files.json"
SIGNATURE: Final = "files.sig"  # base64 of the 64 bytes
LARGEST_LIST: Final = 65_536  # bytes
LARGEST: Final = 67_108_864  # bytes of all wheels
_WHEEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.!+-]{0,150}\.whl")
_MOST: Final = 100  # wheels


class File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One wheel."""

    name: str
    size: Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]  # bytes
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]

    def __post_init__(self) -> None:
        if not _WHEEL.fullmatch(self.name):
            raise Refused("name", self.name, "the file name of a wheel")


class List(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What belongs together: `imm-edge` of one version and all that it needs."""

    version: Annotated[str, msgspec.Meta(pattern="^[0-9][0-9A-Za-z.+-]{0,39}$")]
    files: Annotated[tuple[File, ...], msgspec.Meta(min_length=1, max_length=_MOST)]

    def __post_init__(self) -> None:
        if len({one.name for one in self.files}) < len(self.files):
            raise Refused("files", len(self.files), "a name stands there twice")
        if self.size > LARGEST:
            raise Refused("files", self.size, f"together at most {LARGEST} bytes")

    @property
    def size(self) -> int:
        """Bytes of all wheels."""
        return sum(one.size for one in self.files)


_decoder: Final = msgspec.json.Decoder(List)


def encode(files: List) -> bytes:
    """The bytes that are signed."""
    return msgspec.json.format(msgspec.json.encode(files), indent=1)


def decode(raw: bytes) -> List:
    """Signed bytes → list. Raises Refused."""
    if len(raw) > LARGEST_LIST:
        raise Refused(LIST, len(raw), f"at most {LARGEST_LIST} bytes")
    try:
        return _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(LIST, raw[:60], str(error)) from None


def unpacked(field: str, text: str, size: int) -> bytes:
    """Base64 of exactly so many bytes → these. Raises Refused."""
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(field, text[:40], "base64") from None
    if len(raw) != size:
        raise Refused(field, len(raw), f"{size} bytes in base64")
    return raw
