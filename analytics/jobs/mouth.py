"""Judgements → spool: said once the spool has them on disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from analytics.jobs.metrics import Metrics
from contracts.judgements import Judgement
from runtime.judgements import item
from runtime.spool import Full, Item

_log: Final = logging.getLogger(__name__)
_AT_ONCE: Final = 200  # judgements a transaction
_AGAIN: Final = 1.0  # seconds before a full disk is tried again


class Outbox(Protocol):
    """What is needed of the spool (runtime.spool)."""

    def extend(self, items: Iterable[Item]) -> object:
        """Record messages durably, all or none. Raises Full."""
        ...


class Mouth:
    """Speaks for one producer. While the disk is full it waits; `trouble` says so."""

    def __init__(self, spool: Outbox, producer: str, metrics: Metrics) -> None:
        self.trouble = ""
        self._spool = spool
        self._producer = producer
        self._metrics = metrics

    async def say(self, found: Sequence[Judgement]) -> None:
        """Return when all are on disk."""
        for start in range(0, len(found), _AT_ONCE):
            part = found[start : start + _AT_ONCE]
            await self._append([item(one, self._producer) for one in part])
            for one in part:
                self._metrics.judgements.labels(one.rule, one.verdict.value).inc()

    async def _append(self, items: list[Item]) -> None:
        while True:
            try:
                await asyncio.to_thread(self._spool.extend, items)
            except Full as error:
                if not self.trouble:
                    _log.warning("judgements wait: %s", error)
                self.trouble = str(error)
                await asyncio.sleep(_AGAIN)
            else:
                self.trouble = ""
                return
