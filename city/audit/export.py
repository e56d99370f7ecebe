"""Export a range of the trail as JSON lines that can be checked without the database."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from city.audit import seals as chain_of
from city.audit.reading import Filters, kept
from city.audit.seals import Seal
from city.audit.tables import entries, seals
from city.db import Database

_AT_ONCE: Final = 500


def lines(db: Database, filters: Filters) -> Iterator[bytes]:
    """Entries in order of their seal, each seal after its entries; what has no seal yet comes last.

    An entry is `{"entry": …}`, a seal `{"seal": …}` with the digests of all its entries, also of those
    that the filters leave out: digests and hash can be computed again from the lines.
    """
    query = select(entries).where(*filters.where()).order_by(entries.c.seal.nulls_last(), entries.c.id)
    with db.read() as tx:
        found = tx.execute(query.execution_options(yield_per=_AT_ONCE))
        for number, group in itertools.groupby((kept(row) for row in found), key=lambda entry: entry.seal):
            for entry in group:
                yield _line({"entry": entry})
            if number is not None and (seal := _seal(tx, filters.chain, number)):
                yield _line({"seal": _told(seal)})


def _seal(tx: Connection, chain: str, number: int) -> Seal | None:
    query = select(seals).where(seals.c.chain == chain, seals.c.number == number)
    row = tx.execute(query).one_or_none()
    return chain_of.seal(row) if row else None


def _told(seal: Seal) -> dict[str, Any]:
    """A seal with its bytes in hex, and its index by entry."""
    told = {
        name: value.hex() if isinstance(value, bytes) else value
        for name, value in msgspec.structs.asdict(seal).items()
    }
    return {**told, "index": {entry: digest.hex() for entry, digest in chain_of.items(seal.index)}}


def _line(found: dict[str, Any]) -> bytes:
    return msgspec.json.encode(found)
