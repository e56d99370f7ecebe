"""Batches given up that may have been sent: the tally names them, and the ledger sees which of them came."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final

import msgspec

from contracts.events import Stray

MOST: Final = 100  # ranges of an hour, about 4 kB; beyond it the oldest is forgotten, and an excess may show
_strays: Final = msgspec.json.Decoder(tuple[Stray, ...])


def decode(text: str) -> tuple[Stray, ...]:
    """JSON → strays."""
    return _strays.decode(text)


def note(db: sqlite3.Connection, topic: str, epoch: int, seq: int, samples: Mapping[int, int]) -> None:
    """Add one batch to the rows of its hours; call it once they are counted."""
    for hour, each in samples.items():
        if each:
            (text,) = db.execute(
                "SELECT strays FROM tally WHERE topic = ? AND hour = ?", (topic, hour)
            ).fetchone()
            after = _with(decode(text), Stray(epoch=epoch, first=seq, last=seq, each=each))
            db.execute(
                "UPDATE tally SET strays = ? WHERE topic = ? AND hour = ?",
                (msgspec.json.encode(after).decode(), topic, hour),
            )


def _with(known: tuple[Stray, ...], new: Stray) -> tuple[Stray, ...]:
    if known:
        last = known[-1]
        if (last.epoch, last.each, last.last + 1) == (new.epoch, new.each, new.first):
            return (*known[:-1], msgspec.structs.replace(last, last=new.last))
    return (*known, new)[-MOST:]
