"""InfluxDB first, then the ledger: a crash between them repeats a write that changes nothing."""

from __future__ import annotations

import numpy as np

from store import check, errors
from store.influx.engine import Engine
from store.ledger.book import Book
from store.ledger.judge import refused_rows
from store.sink import Committed, Write


class Sink:
    """Where ingest writes at work; several workers at once."""

    def __init__(self, engine: Engine, book: Book) -> None:
        self._engine = engine
        self._book = book

    def commit(self, write: Write) -> Committed:
        if faults := check.faults(write.block):
            raise errors.Rejected(faults)
        if len(write.block):
            duplicates = self._book.preview(write).duplicates
            wanted = None
            if duplicates:
                mask = np.ones(len(write.block), np.bool_)
                for first, end in refused_rows(write, duplicates):
                    mask[first:end] = False
                wanted = np.flatnonzero(mask)
            self._engine.write_rows(write.block, wanted)
        return self._book.commit(write).committed
