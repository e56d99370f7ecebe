"""A seal: the digests of a batch of entries, chained to the seal before."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, func, insert, select

from city.audit.entries import Kept, digest
from city.audit.tables import seals

Sign = Callable[[bytes], bytes]  # keyed with a secret that no database holds, so that nobody else makes seals
MARK: Final = "audit/seals"  # purpose of the key that marks them
NOTHING: Final = bytes(32)  # hash before the first seal
_DOMAIN: Final = b"imm audit seal 1\n"
_ID: Final = 8  # bytes
_ITEM: Final = _ID + 32


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """One link of a chain. With `upto` it is a tombstone: seals up to there were let go after their time."""

    chain: str
    number: int
    time: int  # µs UTC
    rows: int
    index: bytes  # for each entry, by id: id and digest
    upto: int = 0
    upto_hash: bytes = NOTHING
    gone: int = 0  # entries that went
    previous: bytes
    hash: bytes = b""
    mark: bytes = b""


def index(entries: Sequence[Kept]) -> bytes:
    """What a seal holds of its entries, in order of their ids."""
    return b"".join(entry.id.to_bytes(_ID, "big") + digest(entry) for entry in entries)


def items(index: bytes) -> Iterator[tuple[int, bytes]]:
    """Id and digest of each entry; what is left of a damaged index is cut off."""
    for place in range(0, len(index) - _ITEM + 1, _ITEM):
        yield int.from_bytes(index[place : place + _ID], "big"), index[place + _ID : place + _ITEM]


def hashed(seal: Seal) -> bytes:
    """SHA-256 over everything that a seal says."""
    told: list[Any] = [
        seal.chain,
        seal.number,
        seal.time,
        seal.rows,
        seal.upto,
        seal.upto_hash.hex(),
        seal.gone,
        seal.previous.hex(),
        len(seal.index),
    ]
    return hashlib.sha256(_DOMAIN + msgspec.json.encode(told) + b"\n" + seal.index).digest()


def add(tx: Connection, seal: Seal, sign: Sign | None) -> Seal:
    """Keep a seal with its hash and mark. A second seal of the same number fails."""
    value = hashed(seal)
    made = msgspec.structs.replace(seal, hash=value, mark=sign(value) if sign else b"")
    tx.execute(insert(seals).values(**msgspec.structs.asdict(made)))
    return made


def head(tx: Connection, chain: str) -> tuple[int, bytes]:
    """Number and hash of the newest seal."""
    query = select(seals.c.number, seals.c.hash).where(seals.c.chain == chain)
    row = tx.execute(query.order_by(seals.c.number.desc()).limit(1)).one_or_none()
    return (row.number, row.hash) if row else (0, NOTHING)


def let_go(tx: Connection, chain: str) -> tuple[int, bytes, int]:
    """Number and hash of the last seal that was let go, number of its tombstone; zeros where none was."""
    query = select(seals.c.upto, seals.c.upto_hash, seals.c.number).where(seals.c.chain == chain)
    row = tx.execute(query.order_by(seals.c.upto.desc()).limit(1)).one_or_none()
    return (row.upto, row.upto_hash, row.number) if row and row.upto else (0, NOTHING, 0)


def last(tx: Connection) -> dict[str, int]:
    """Number of the newest seal by chain."""
    query = select(seals.c.chain, func.max(seals.c.number).label("head")).group_by(seals.c.chain)
    return {row.chain: row.head for row in tx.execute(query)}


def seal(row: Row[Any]) -> Seal:
    """Row → seal."""
    return Seal(**row._asdict())
