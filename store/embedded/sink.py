"""One transaction: samples, ledger and dead letters are durable together or not at all."""

from __future__ import annotations

import numpy as np

from store import check, errors
from store.embedded.engine import Engine
from store.embedded.file import File
from store.embedded.ledger import Ledger
from store.embedded.sketches import Sketches
from store.ledger.judge import refused_rows
from store.sink import Committed, Write
from store.visitors.split import split


class Sink:
    """Where ingest writes on the embedded engine."""

    def __init__(self, file: File, engine: Engine, ledger: Ledger, sketches: Sketches) -> None:
        self._file = file
        self._engine = engine
        self._ledger = ledger
        self._sketches = sketches

    def commit(self, write: Write) -> Committed:
        if faults := check.faults(write.block, sketches=True):
            raise errors.Rejected(faults)
        samples = self._engine.samples
        with self._file.turn():
            try:
                with self._file.writing() as connection:
                    verdict = self._ledger.judge(connection, write)
                    wanted = None
                    if verdict.duplicates:
                        wanted = np.ones(len(write.block), np.bool_)
                        for first, end in refused_rows(write, verdict.duplicates):
                            wanted[first:end] = False
                    wanted, sketches = split(write.block, wanted)
                    rows = samples.prepare(write.block, wanted)
                    samples.insert(connection, rows)
                    self._sketches.insert(connection, sketches)
                    self._ledger.insert(connection, write, verdict)
            except BaseException:  # also a cancel: memory must not know what the file does not
                self._ledger.forget()
                raise
            samples.settle(rows)
            self._ledger.settle(verdict)
        return verdict.committed
