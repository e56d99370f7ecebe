"""What tests of the spool do again and again."""

from pathlib import Path

from contracts import events
from contracts.batches import EVENTS
from contracts.instants import HOUR
from contracts.receipts import Receipt
from runtime import spool
from runtime.clock import Fake
from runtime.spool import Lane, Spool

DEVICE = "imm/v1/bima/kiosk/k1"
TELEMETRY = f"{DEVICE}/telemetry"
EVENT = f"{DEVICE}/event"
FRAME = f"{DEVICE}/frame"
JUDGEMENT = "imm/v1/bima/judgement/analytics"
NOON = 497_000 * HOUR


def opened(path: Path, *, clock: Fake | None = None, limit: int = 1_000_000) -> Spool:
    return Spool(path, clock=clock or Fake(), limit_bytes=limit)


def put(box: Spool, topic: str = TELEMETRY, size: int = 100, samples: int = 10, hour: int = NOON) -> int:
    return box.append(topic, b"x" * size, content_type="t", counts={hour: samples} if samples else {}).seq


def waiting(box: Spool, lane: Lane = Lane.TELEMETRY) -> list[spool.Batch]:
    return box.due(lane, after=0, count=10_000, size=10**9)


def receipt(box: Spool, first: int, last: int, stream: str = "k1/telemetry", epoch: int = 0) -> Receipt:
    return Receipt(stream=stream, epoch=epoch or box.epoch, ranges=((first, last),))


def gaps(box: Spool) -> list[events.Gap]:
    told = [batch for batch in waiting(box, Lane.EVENT) if batch.content_type == EVENTS]
    found = [event for batch in told for event in events.decode(batch.payload)]
    return [event for event in found if isinstance(event, events.Gap)]


def row(box: Spool, topic: str = TELEMETRY, hour: int = NOON) -> events.TallyRow:
    channel = topic.rsplit("/", 1)[1]
    return next(r for r in box.tally(topic).rows if (r.channel, r.hour) == (channel, hour))


def told(box: Spool) -> events.Tally:
    found = events.decode(waiting(box, Lane.EVENT)[0].payload)
    return next(event for event in found if isinstance(event, events.Tally))
