"""InfluxDB first, then the ledger: a crash between them repeats a write that changes nothing."""

from __future__ import annotations

import numpy as np

from store import check, errors
from store.influx.engine import Engine
from store.ledger.book import Book
from store.ledger.judge import refused_rows
from store.ledger.sketches import Sketches
from store.sink import Committed, Write
from store.visitors.split import split


class Sink:
    """Where ingest writes at work; several workers at once."""

    def __init__(self, engine: Engine, book: Book, sketches: Sketches) -> None:
        self._engine = engine
        self._book = book
        self._sketches = sketches

    def commit(self, write: Write) -> Committed:
        if faults := check.faults(write.block, sketches=True):
            raise errors.Rejected(faults)
        if len(write.block):
            duplicates = self._book.preview(write).duplicates
            mask = None
            if duplicates:
                mask = np.ones(len(write.block), np.bool_)
                for first, end in refused_rows(write, duplicates):
                    mask[first:end] = False
            mask, sketches = split(write.block, mask)
            self._engine.write_rows(write.block, None if mask is None else np.flatnonzero(mask))
            self._sketches.add(sketches)
        return self._book.commit(write).committed
