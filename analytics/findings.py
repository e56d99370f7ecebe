"""A detector's finding → judgement. Its id follows from what was found: found again it is the same."""

from __future__ import annotations

from msgspec import UNSET

from contracts import judgements
from contracts.judgements import Evidence, Judgement, Severity, Text, Verdict
from contracts.rules import Rule
from contracts.series import Series
from contracts.topics import Device

PROBE = "probe"  # the rule's name in judgements of probes


def judgement(
    rule: Rule,
    series: Series,
    verdict: Verdict,
    *,
    time: int,
    evidence: Evidence,
    producer: str,
    judged: int,
) -> Judgement:
    """One rule's verdict on one series, or on the device where the series names no metric."""
    labels = identity(series)
    mark = judgements.fingerprint(rule.id, labels)
    return Judgement(
        id=judgements.identity(mark, rule.hash, verdict, time),
        producer=producer,
        verdict=verdict,
        rule=rule.id,
        rule_hash=rule.hash,
        fingerprint=mark,
        site=series.site,
        device=series.device,
        labels=labels if rule.labels is UNSET else {**rule.labels, **labels},
        severity=rule.severity,
        title=rule.title,
        time=time,
        judged=judged,
        evidence=evidence,
        incident=rule.incident,
    )


def identity(series: Series) -> dict[str, str]:
    """The labels that tell one alert of a rule from another."""
    if not series.device:  # a group of devices: of a site, or of one value of a label there
        return {"site": series.site, **({"group": series.instance} if series.instance else {})}
    labels = {"site": series.site, "kind": series.kind.value, "device": series.device}
    if series.metric:
        labels["metric"] = series.metric
    if series.instance:
        labels["instance"] = series.instance
    return labels


def probe(device: Device, id_: str, *, time: int, producer: str, judged: int) -> Judgement:
    """What a probe becomes: a judgement that nobody is shown."""
    labels = {"site": device.site, "kind": device.kind.value, "device": device.device, "probe": id_}
    mark = judgements.fingerprint(PROBE, labels)
    return Judgement(
        id=judgements.identity(mark, PROBE, Verdict.RAISED, time),
        producer=producer,
        verdict=Verdict.RAISED,
        rule=PROBE,
        rule_hash=PROBE,
        fingerprint=mark,
        site=device.site,
        device=device.device,
        labels=labels,
        severity=Severity.MINOR,
        title=Text(id="Uji jalur", en="Probe of the path"),
        time=time,
        judged=judged,
        evidence=Evidence(),
        probe=True,
    )
