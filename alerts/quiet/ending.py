"""The end of a silence: its row, its clocks and its event. What it held back is for the ward to look at."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from alerts.quiet import records
from alerts.quiet.model import Silence
from city import outbox
from city.schedule import Clocks
from runtime.ids import Factory

CLOCK: Final = "alerts.silence"  # kind of the clocks that begin and end silences
BEGIN: Final = "begin"
END: Final = "end"


def end(tx: Connection, of: Silence, *, by: str, now: int, ids: Factory, clocks: Clocks | None) -> Silence:
    """The silence as it is now that it is over."""
    over = replace(of, revision=of.revision + 1, updated=max(now, of.updated), ended=now, ended_by=by)
    records.put(tx, over)
    for stage in (BEGIN, END):
        if clocks is not None:
            clocks.cancel(tx, CLOCK, f"{of.id}/{stage}")
    tell(tx, "silence.ended", over, ids)
    return over


def tell(tx: Connection, kind: str, of: Silence, ids: Factory) -> None:
    """Let others hear of it."""
    data = msgspec.to_builtins(of)
    event = outbox.event(kind, id=ids(), source="/alerts", subject=of.id, time=of.updated, data=data)
    outbox.append(tx, event)
