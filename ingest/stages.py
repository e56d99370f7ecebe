"""The stages in their order, for the worker and for the replay of dead letters alike."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

from contracts.roster import Reader
from ingest.bounds import Bounds
from ingest.check import check
from ingest.decode import Decode
from ingest.gather import Load
from ingest.mappings.load import Mappings
from ingest.parcel import Parcel, Reason, Verdict, refuse
from ingest.route import Route
from ingest.settings import Settings
from runtime.logs import clean

_log: Final = logging.getLogger(__name__)
Stage = Callable[[Parcel, Load], Verdict | None]


def stages(
    roster: Reader, settings: Settings, *, mappings: Mappings | None = None, box: Stage | None = None
) -> tuple[Stage, ...]:
    """route → check → (box) → decode → bounds; each returns None to go on, or the verdict that ends it."""
    boxed = (box,) if box else ()
    return (Route(roster, mappings or Mappings()), check, *boxed, Decode(), Bounds(settings))


def judge(parcel: Parcel, load: Load, through: Sequence[Stage]) -> Verdict | None:
    """Send a parcel through the stages; where one ends its way, the load is as before."""
    parcel.start = load.mark()
    verdict: Verdict | None = None
    try:
        for stage in through:
            verdict = stage(parcel, load)
            if verdict is not None:
                break
    except Exception as error:  # noqa: BLE001 - one message that meets our own fault must not stop the others
        _log.exception("a stage failed at %s", clean(parcel.message.topic))
        verdict = refuse(Reason.FAULT, "message", type(error).__name__, str(error))
    if verdict is not None:
        load.cut(parcel.start)
    return verdict
