"""Stage 7: one store write, until it is durable. What the store refuses becomes dead letters, alone."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from contracts.errors import Refused
from contracts.frames import Header
from contracts.topics import Device
from ingest import letters
from ingest.errors import Stopped
from ingest.gather import Load
from ingest.parcel import Parcel, Reason, Verdict, refusal, refuse
from runtime.clock import Clock
from runtime.ids import Factory
from runtime.logs import clean
from store.errors import Failure, Gone, Rejected, Retry
from store.sink import Committed, DeadLetter, Sink, Write

_log: Final = logging.getLogger(__name__)
_LONGEST: Final = 30.0  # seconds between two tries of a write
_GROWTH: Final = 2.0


class Frames(Protocol):
    """Where frames are kept (store.frames.Frames)."""

    def put(self, device: Device, header: Header, payload: bytes, content_type: str) -> object:
        """Durable when it returns; twice is the same as once. Raises Refused, Retry."""
        ...


class Commit:
    """Makes a load durable. Calls to the store run in a thread of their own, one at a time."""

    def __init__(
        self,
        *,
        sink: Sink,
        frames: Frames,
        worker: str,
        clock: Clock,
        ids: Factory,
        kept: int,
        on_retry: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._sink = sink
        self._frames = frames
        self._worker = worker
        self._clock = clock
        self._ids = ids
        self._kept = kept
        self._on_retry = on_retry
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ingest-commit")

    async def __call__(self, load: Load) -> tuple[Load, Committed]:
        """The load as it became durable, and what the sink said. Tries as long as need be; raises Stopped."""
        loop = asyncio.get_running_loop()
        pause = 0.0
        while True:
            try:
                return await loop.run_in_executor(self._thread, self.once, load)
            except Retry as error:
                pause = min(_LONGEST, max(error.after, pause * _GROWTH))
                self._on_retry(str(error))
                _log.warning("write of %d messages failed: %s", load.messages, clean(error))
                await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads workers, no secret
            except Gone as error:
                raise Stopped(str(error)) from error

    def once(self, load: Load) -> tuple[Load, Committed]:
        """One try, blocking. Raises Retry, Gone."""
        load = self._keep_frames(load)
        while True:
            write = Write(
                worker=self._worker,
                at=self._clock.now(),
                block=load.block,
                arrivals=load.arrivals(),
                dead=[letter for _, letter in load.dead],
                tallies=load.tallies,
                gaps=load.gaps,
            )
            try:
                return load, self._sink.commit(write)
            except Rejected as error:
                load = self._without(load, error)

    def close(self) -> None:
        """Let go of the thread after what it does now."""
        self._thread.shutdown(wait=True)

    def _keep_frames(self, load: Load) -> Load:
        refused: dict[int, tuple[Reason, DeadLetter]] = {}
        for i, parcel in enumerate(load.stored):
            for frame in load.frames[parcel.start.frames : parcel.end.frames]:
                try:
                    self._frames.put(frame.device, frame.header, frame.payload, frame.content_type)
                except Refused as error:
                    refused[i] = self._bury(parcel, refusal(Reason.REJECTED, error))
        return load.without(refused) if refused else load

    def _without(self, load: Load, error: Rejected) -> Load:
        """The load without the owners of the rejected rows: a message is stored whole or not at all."""
        refused: dict[int, tuple[Reason, DeadLetter]] = {}
        rows = sorted(error.rows)
        for i, parcel in enumerate(load.stored):
            own = [row for row in rows if parcel.start.rows <= row < parcel.end.rows]
            if own:
                series, _, value = _row(load, own[0])
                refused[i] = self._bury(parcel, refuse(Reason.REJECTED, series, value, error.rows[own[0]]))
        if not refused:
            raise Failure(f"the store rejects rows that nobody sent: {error}")
        return load.without(refused)

    def _bury(self, parcel: Parcel, verdict: Verdict) -> tuple[Reason, DeadLetter]:
        return verdict.reason, letters.letter(parcel, verdict, id_=self._ids(), kept=self._kept)


def _row(load: Load, row: int) -> tuple[str, int, object]:
    block = load.block
    return block.series[block.index[row]].metric, block.times[row], block.others.get(row, block.numbers[row])
