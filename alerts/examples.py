"""What the API's description shows of alerts."""

from __future__ import annotations

from typing import Final

from alerts.desk import Told
from alerts.model.lifecycle import Outcome
from alerts.records import Entry
from contracts.alerts import Alert, State
from contracts.instants import HOUR, MINUTE
from contracts.judgements import Evidence, Severity, Text

TIME: Final = 1_795_478_400_000_000
_EVIDENCE: Final = Evidence(
    metric="people.count",
    unit="count",
    start=TIME - HOUR,
    end=TIME,
    value=812.0,
    expected=240.0,
    why=Text(
        id="812 orang dalam satu jam; Selasa pukul 17 biasanya 240",
        en="812 people in an hour; Tuesdays at 17 usually 240",
    ),
)
ALERT: Final = Alert(
    id="0197a9c4-4a80-7c3e-9d55-2f6b1c0e7a11",
    revision=2,
    state=State.FIRING,
    fingerprint="5f1d7a84b2c04e6fa3b19d7c8e21f045",
    rule="crowd",
    rule_hash="9b1c6f0e2d7a4e58",
    site="bima",
    device="footfall-1",
    labels={"device": "footfall-1"},
    severity=Severity.SEVERE,
    title=Text(id="Kerumunan di luar kebiasaan", en="A crowd out of the ordinary"),
    evidence=_EVIDENCE,
    started=TIME,
    updated=TIME + 5 * MINUTE,
    acknowledged_by="Sri Wahyuni",
    acknowledged=TIME + 5 * MINUTE,
)
TOLD: Final = Told(
    alert=ALERT,
    history=[
        Entry(
            revision=1,
            time=TIME,
            outcome=Outcome.FIRED,
            severity=Severity.SEVERE,
            by="analytics",
            note="",
            evidence=_EVIDENCE,
        ),
        Entry(
            revision=2,
            time=TIME + 5 * MINUTE,
            outcome=Outcome.ACKNOWLEDGED,
            severity=Severity.SEVERE,
            by="Sri Wahyuni",
            note="Tim sudah menuju lokasi",
        ),
    ],
)
