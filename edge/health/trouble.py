"""Remembers the last thing that was logged as wrong, so that a person without a journal sees it."""

from __future__ import annotations

import logging
from typing import Self

from edge.health.cures import cure
from edge.health.word import Trouble
from runtime.clock import Clock
from runtime.logs import clean


class Memory(logging.Handler):
    """A log handler beside the others; holds one record."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(logging.WARNING)
        self._clock = clock
        self.last: Trouble | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = clean(record.getMessage())
        except (TypeError, ValueError):  # a record that cannot be formatted is the other handlers' to tell
            return
        self.last = Trouble(time=self._clock.now(), text=text, cure=cure(text))

    def __enter__(self) -> Self:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *exc: object) -> None:
        logging.getLogger().removeHandler(self)
