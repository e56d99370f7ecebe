"""An alert → what is said of it in CAP. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec

from alerts.cap.place import Place
from alerts.cap.settings import Settings
from contracts.alerts import Alert
from contracts.cap import Info, Kind, Message, Named, Reference
from contracts.judgements import Severity, Text


class Slip(msgspec.Struct, frozen=True, kw_only=True):
    """What a message is called, from when until when it holds, and which it replaces."""

    identifier: str
    sent: int  # µs UTC, whole seconds
    expires: int  # µs UTC, whole seconds
    references: tuple[Reference, ...] = ()


_URGENCY: Final = {
    Severity.EXTREME: "Immediate",
    Severity.SEVERE: "Immediate",
    Severity.MODERATE: "Expected",
    Severity.MINOR: "Future",
}
_NOTES: Final = {
    Kind.ALERT: "",
    Kind.UPDATE: "Pembaruan · Update",
    Kind.CANCEL: "Keadaan sudah berakhir · It is over",
}
_HEADLINE: Final = 160  # characters that CAP advises
_LANGUAGES: Final = ("id-ID", "en-US")


def message(
    alert: Alert, kind: Kind, slip: Slip, *, place: Place, settings: Settings, web: str = ""
) -> Message:
    """What is said of an alert now; `web`: where a person reads on."""
    return Message(
        identifier=slip.identifier,
        sender=settings.sender,
        sent=slip.sent,
        kind=kind,
        scope=settings.scope,
        restriction=settings.restriction if settings.scope == "Restricted" else "",
        note=_NOTES[kind],
        references=slip.references,
        infos=tuple(
            _info(alert, kind, language, expires=slip.expires, place=place, settings=settings, web=web)
            for language in _LANGUAGES
        ),
    )


def mark(alert: Alert) -> str:
    """Changes with what receivers must hear of at once; figures are not among it."""
    told = (alert.id, alert.severity, alert.title, alert.site)
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:32]


def certainty(alert: Alert) -> str:
    """A value beyond a limit was observed; one outside of what is usual makes it likely."""
    baseline = alert.evidence.low is not None or alert.evidence.high is not None
    return "Likely" if baseline else "Observed"


def _info(
    alert: Alert, kind: Kind, language: str, *, expires: int, place: Place, settings: Settings, web: str
) -> Info:
    indonesian = language == "id-ID"

    def words(text: Text) -> str:
        return (text.id or text.en) if indonesian else (text.en or text.id)

    over = kind is Kind.CANCEL
    title = words(alert.title).strip() or alert.rule
    return Info(
        language=language,
        categories=(settings.categories.get(alert.rule, settings.category),),
        event=title,
        responses=("AllClear",) if over else ("Assess",),
        urgency="Past" if over else _URGENCY[alert.severity],
        severity=alert.severity.value.capitalize(),
        certainty=certainty(alert),
        onset=alert.started - alert.started % 1_000_000,
        expires=expires,
        sender=words(settings.name),
        headline=_cut(title, _HEADLINE),
        description=words(alert.evidence.why),
        web=web,
        parameters=tuple(_figures(alert)),
        areas=(place.id if indonesian else place.en,),
    )


def _figures(alert: Alert) -> Iterable[Named]:
    """What programs read: which alert, and what was measured."""
    evidence = alert.evidence
    for name, text in (
        ("alert", alert.id),
        ("rule", alert.rule),
        ("device", alert.device),
        ("metric", evidence.metric),
        ("unit", evidence.unit),
    ):
        if text:
            yield Named(name=name, value=text)
    for name, number in (("value", evidence.value), ("expected", evidence.expected)):
        if number is not None:
            yield Named(name=name, value=f"{number:.12g}")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
