"""What the API's description shows of rules."""

from __future__ import annotations

from typing import Final

import msgspec

from alerts.rulebook.model import Finding, Listed, State, Told
from contracts.backtest import Count, Life, Report
from contracts.instants import DAY, HOUR, MINUTE
from contracts.judgements import Severity, Text, Verdict
from contracts.rules import Rule, Threshold
from contracts.series import Selector
from contracts.topics import Kind

_TIME: Final = 1_795_478_400_000_000
_WHY: Final = Text(
    id="Suhu 92 °C, di atas batas 90 °C selama 1 menit", en="Temperature 92 °C, above the limit of 90 °C"
)
RULE: Final = Rule(
    id="kiosk-hot",
    title=Text(id="Kios terlalu panas", en="Kiosk too hot"),
    severity=Severity.SEVERE,
    select=Selector(kind=Kind.KIOSK, metrics=("temperature",)),
    test=Threshold(limit=90, clear=80, hold=60),
)
REPORT: Final = Report(
    rule=RULE.id,
    rule_hash=RULE.hash,
    content=msgspec.json.decode(msgspec.json.encode(RULE)),
    title=RULE.title,
    severity=RULE.severity,
    source="store",
    since=_TIME - 30 * DAY,
    until=_TIME,
    samples=259_200,
    series=3,
    devices=3,
    judgements=4,
    lives=2,
    seconds=5_400.0,
    median=2_700.0,
    longest=3_600.0,
    hours=tuple(2 if hour == 13 else 0 for hour in range(24)),
    days=(Count(name="2026-11-12", lives=2, seconds=5_400.0),),
    by_device=(Count(name="kiosk-01", lives=2, seconds=5_400.0),),
    noisiest=(Count(name="kiosk-01 temperature", lives=2, seconds=5_400.0),),
    shown=(
        Life(
            device="kiosk-01",
            part="temperature",
            start=_TIME - 10 * DAY,
            end=_TIME - 10 * DAY + HOUR,
            why=_WHY,
            incident="TGI-2026-000123",
        ),
        Life(
            device="kiosk-01",
            part="temperature",
            start=_TIME - 9 * DAY,
            end=_TIME - 9 * DAY + 30 * MINUTE,
            why=_WHY,
        ),
    ),
    incidents=1,
    met=1,
    alone=1,
)
LISTED: Final = Listed(
    rule=RULE.id,
    title=RULE.title,
    severity=RULE.severity,
    state=State.ACTIVE,
    revision=1,
    rule_hash=RULE.hash,
    active_hash=RULE.hash,
    report=REPORT.hash,
    by="Sri Wahyuni",
    why="Dua kali sebulan, keduanya benar",
    changed=_TIME,
    said=1,
)
TOLD: Final = Told(
    listed=LISTED,
    content=RULE,
    backtest=REPORT,
    findings=[
        Finding(
            rule_hash=RULE.hash,
            site="bima",
            device="kiosk-01",
            verdict=Verdict.RAISED,
            why=_WHY,
            time=_TIME - DAY,
        )
    ],
)
