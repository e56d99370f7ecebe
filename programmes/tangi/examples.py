"""What the API's description shows of TANGI."""

from __future__ import annotations

from typing import Final

import msgspec

from contracts.instants import MINUTE
from contracts.judgements import Severity, Text
from programmes.tangi.model import Entry, Incident, Kind, Priority, State, Step, Told
from programmes.tangi.probes import Times

_TIME: Final = 1_795_478_400_000_000
INCIDENT: Final = Incident(
    id="0197a9c4-4b11-7f02-8a6d-5c9e0d3b7f20",
    number="TGI-2026-000123",
    revision=2,
    state=State.ACKNOWLEDGED,
    priority=Priority.P2,
    severity=Severity.SEVERE,
    site="bima",
    device="footfall-1",
    title=Text(id="Kerumunan di luar kebiasaan", en="A crowd out of the ordinary"),
    fingerprint="5f1d7a84b2c04e6fa3b19d7c8e21f045",
    alert="0197a9c4-4a80-7c3e-9d55-2f6b1c0e7a11",
    alert_over=None,
    opened=_TIME,
    updated=_TIME + 5 * MINUTE,
    acknowledged=_TIME + 5 * MINUTE,
    acknowledged_by="Sri Wahyuni",
    unit="dishub",
    assignee="0197a9c0-11d2-7a54-8c3e-2f1d6b9e4a70",
    assigned_to="Sri Wahyuni",
)
TOLD: Final = Told(
    **msgspec.structs.asdict(INCIDENT),
    timeline=(
        Entry(
            time=_TIME,
            kind=Kind.OPENED,
            by="/alerts",
            what="firing",
            text=Text(
                id="812 orang dalam satu jam; Selasa pukul 17 biasanya 240",
                en="812 people in an hour; Tuesdays at 17 usually 240",
            ),
        ),
        Entry(
            time=_TIME + 5 * MINUTE,
            kind=Kind.STEP,
            by="Sri Wahyuni",
            what=Step.ACKNOWLEDGE,
            text=Text(id="Tim sudah menuju lokasi", en=""),
        ),
    ),
    steps=(Step.DEPART, Step.ARRIVE, Step.RESOLVE),
)
TIMES: Final = Times(count=60, p50_ms=41.5, p99_ms=158.0, newest=_TIME)
