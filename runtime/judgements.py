"""A judgement on its way to alerts: as a message of a producer's spool."""

from __future__ import annotations

from typing import Final

from contracts import batches, judgements
from contracts.judgements import Judgement
from contracts.topics import AreaTopic
from runtime.spool import Item

CONTENT_TYPE: Final = "application/json"


def item(one: Judgement, producer: str) -> Item:
    """What the spool keeps until alerts receipts it."""
    # Of one fingerprint alerts must hear in order: it passes over what is older than the newest it knows.
    after = () if one.probe else ((batches.AFTER, one.fingerprint),)
    return Item(
        topic=str(AreaTopic.judgement(one.site, producer)),
        payload=judgements.encode(one),
        content_type=CONTENT_TYPE,
        properties=after,
    )
