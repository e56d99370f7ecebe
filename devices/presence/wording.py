"""A finding as a judgement: what alerts and people read, Indonesian first."""

from __future__ import annotations

import hashlib
from typing import Final
from zoneinfo import ZoneInfo

from contracts import instants, judgements
from contracts.judgements import Evidence, Judgement, Severity, Text
from contracts.presence import Reason
from devices.presence.fleet import Finding, Why

RULE: Final = "presence"
_JAKARTA: Final = ZoneInfo("Asia/Jakarta")
_HASH: Final = hashlib.sha256(b"presence 1").hexdigest()  # grows with what is judged, not with its words

_DEVICE: Final = Text(id="Perangkat tidak terhubung", en="Device offline")
_FLAPS: Final = Text(id="Perangkat putus-sambung", en="Device comes and goes")
_SITE: Final = Text(id="Sebagian besar perangkat di lokasi padam", en="Most devices of a site offline")

_REASONS: Final = {
    Reason.LOST: Text(
        id="Sambungannya putus tanpa pamit. Selesai bila ia tersambung lagi.",
        en="Its connection broke without a word. Over when it connects again.",
    ),
    Reason.STOPPED: Text(
        id="Agennya dihentikan dan belum jalan lagi. Selesai bila ia dijalankan.",
        en="Its agent was stopped and has not started again. Over when it starts.",
    ),
    Reason.SILENT: Text(
        id="Tidak ada kabar apa pun darinya. Selesai bila datanya datang.",
        en="Nothing came from it. Over when its data comes.",
    ),
}
_BACK: Final = Text(id="Terhubung kembali", en="It is back")
_GONE: Final = Text(id="Tidak lagi terdaftar di sini", en="It is no longer in the roster here")
_SWALLOWED: Final = Text(
    id="Bagian dari gangguan di seluruh lokasi", en="Part of the outage of the whole site"
)
_COMES_AND_GOES: Final = Text(
    id="Berkali-kali putus dalam waktu singkat: periksa daya, kabel dan sinyalnya.",
    en="Lost again and again within a short time: check its power, cable and signal.",
)


def judgement(finding: Finding, *, producer: str, title: str, now: int) -> Judgement:
    """`title`: how people call the device; empty for a site. The same finding has the same id."""
    labels = {"site": finding.site} | ({"device": finding.device} if finding.device else {"scope": "site"})
    fingerprint = judgements.fingerprint(RULE, labels)
    return Judgement(
        id=judgements.identity(fingerprint, _HASH, finding.verdict, now),
        producer=producer,
        verdict=finding.verdict,
        rule=RULE,
        rule_hash=_HASH,
        fingerprint=fingerprint,
        site=finding.site,
        device=finding.device,
        labels=labels,
        severity=_severity(finding),
        title=_title(finding, title),
        time=now,  # not when it began: alerts passes over what is older than what it knows
        judged=now,
        evidence=Evidence(
            metric=RULE,
            start=finding.since,
            end=now,
            value=float(finding.down) if finding.of else None,
            expected=float(finding.of) if finding.of else None,
            why=_why(finding),
        ),
        incident=finding.why is not Why.FLAPPING,
    )


def _severity(finding: Finding) -> Severity:
    if not finding.device:
        return Severity.SEVERE
    return Severity.MINOR if finding.reason is Reason.STOPPED else Severity.MODERATE


def _title(finding: Finding, title: str) -> Text:
    if not finding.device:
        return _SITE
    text = _FLAPS if finding.why is Why.FLAPPING else _DEVICE
    return Text(id=f"{text.id}: {title}", en=f"{text.en}: {title}") if title else text


def _why(finding: Finding) -> Text:
    match finding.why:
        case Why.SITE:
            return Text(
                id=f"{finding.down} dari {finding.of} perangkat tidak terhubung sejak {_at(finding.since)}: "
                "periksa listrik dan jaringan di lokasi.",
                en=f"{finding.down} of {finding.of} devices are offline since {_at(finding.since)}: "
                "check power and network on site.",
            )
        case Why.FLAPPING:
            return _COMES_AND_GOES
        case Why.OFFLINE:
            return _REASONS.get(finding.reason, _REASONS[Reason.SILENT])
        case Why.BACK:
            return _BACK
        case Why.GONE:
            return _GONE
        case Why.SWALLOWED:
            return _SWALLOWED


def _at(time: int) -> str:
    return instants.to_datetime(time).astimezone(_JAKARTA).strftime("%H.%M")
