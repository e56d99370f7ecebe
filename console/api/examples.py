"""What the API's description shows of devices, series, the ledger and dead letters."""

from __future__ import annotations

from typing import Final

from console.fleet import Device, Figure, State
from console.ports import Change, Letter, Replay
from console.sums import Sums
from contracts.instants import HOUR, MINUTE
from contracts.judgements import Text
from contracts.ledger import Hole, Row
from contracts.series import Buckets, Last, Points, Series
from contracts.topics import Kind

TIME: Final = 1_795_478_400_000_000
SERIES: Final = Series(
    site="bima", kind=Kind.KIOSK, device="kiosk-01", metric="cpu.utilization", instance="", unit="/"
)
LAST: Final = Last(series=SERIES, time=TIME, value=0.25)
POINTS: Final = Points(series=SERIES, times=[TIME, TIME + MINUTE], values=[0.25, 0.27])
BUCKETS: Final = Buckets(series=SERIES, starts=[TIME, TIME + MINUTE], values=[0.25, 0.27])
DEVICE: Final = Device(
    device="kiosk-01",
    kind=Kind.KIOSK,
    site="bima",
    title="Kios Stadion Bima",
    operator="DKIS",
    longitude=108.5372,
    latitude=-6.7385,
    floor="",
    state=State.WELL,
    since=TIME,
    reason=Text(id="", en=""),
    last_sample=TIME,
    figure=Figure(
        metric="cpu.utilization",
        label=Text(id="prosesor", en="processor"),
        instance="",
        unit="/",
        value=0.25,
        time=TIME,
    ),
)
ROW: Final = Row(
    site="bima",
    kind="kiosk",
    device="kiosk-01",
    channel="telemetry",
    hour=TIME - TIME % HOUR,
    recorded=3_600,
    sent=3_600,
    shed=0,
    received=3_600,
    stored=3_600,
    dead=0,
    duplicated=12,
    unsequenced=0,
)
SUMS: Final = Sums(
    recorded=3_600,
    stored=3_600,
    missing=0,
    excess=0,
    lost=0,
    refused=0,
    duplicated=12,
    unsequenced=0,
    untold=0,
    unexplained=0,
)
HOLE: Final = Hole(
    device="kiosk-02", channel="telemetry", epoch=1_795_470_000, ranges=((17, 19),), reason="in flight"
)
LETTER: Final = Letter(
    id="0197a9c4-4c20-7aa1-b0f3-1d2e3c4b5a69",
    received=TIME,
    topic="imm/v1/bima/kiosk/kiosk-01/telemetry",
    device="kiosk-01",
    content_type="application/senml+json",
    field="t",
    value="-1",
    reason="a time before 2020",
    samples=1,
    replayed=None,
    payload=b'[{"bn":"urn:dev:ops:kiosk-01:","n":"cpu.load","v":1}]',
)
REPLAY: Final = Replay(
    id=LETTER.id,
    accepted=True,
    samples=2,
    same=1,
    changes=(Change(series=SERIES, time=TIME, stored=None, value=0.25),),
)
