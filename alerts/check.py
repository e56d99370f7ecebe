"""What a judgement must be to be taken: bounded, so that no limit of a column is met later."""

from __future__ import annotations

from typing import Final

import msgspec

from alerts.model.lifecycle import Place
from contracts import batches, judgements, topics
from contracts.batches import Sequence
from contracts.errors import Refused
from contracts.instants import DAY
from contracts.judgements import Judgement
from contracts.topics import AreaTopic, name

LARGEST: Final = 65_536  # bytes of one judgement
_AHEAD: Final = DAY  # µs by which a producer's clock may be ahead of ours
_LABELS: Final = 32
_SHORT: Final = 64  # characters
_LONG: Final = 2_000


class Good(msgspec.Struct, frozen=True, kw_only=True):
    """A judgement that is taken."""

    judgement: Judgement
    place: Place


def area(topic: str) -> AreaTopic:
    """Topic of a judgement. Raises Refused."""
    parsed = topics.parse(topic)
    if not isinstance(parsed, AreaTopic) or parsed.area != "judgement" or parsed.receipt:
        raise Refused("topic", topic, "not a topic of judgements")
    return parsed


def number(properties: dict[str, str], where: AreaTopic) -> Sequence | None:
    """The producer's number for its message, None where it gave none. Raises Refused."""
    sequence = batches.sequence(properties)
    if sequence is not None and sequence.stream != batches.Stream(device=where.subject, channel="judgement"):
        raise Refused("stream", str(sequence.stream), f"{where.subject}/judgement, as the topic says")
    return sequence


def judgement(payload: bytes, where: AreaTopic, sequence: Sequence | None, *, now: int) -> Good:
    """Payload → judgement. Raises Refused."""
    if len(payload) > LARGEST:
        raise Refused("judgement", len(payload), f"at most {LARGEST} bytes")
    if b"\\u0000" in payload:
        raise Refused("judgement", payload[:120], "no text may hold a null character")
    found = judgements.decode(payload)
    _same("producer", found.producer, where.subject)
    _same("site", found.site, where.site)
    name("rule", found.rule)
    if found.device:
        name("device", found.device)
    for field in ("id", "fingerprint", "rule_hash"):
        _text(field, getattr(found, field), _SHORT, least=0 if field == "rule_hash" else 1)
    if len(found.labels) > _LABELS:
        raise Refused("labels", len(found.labels), f"at most {_LABELS}")
    for key, value in found.labels.items():
        _text("labels", key, _SHORT)
        _text(f"labels.{key}", value, _LONG, least=0)
    evidence = found.evidence
    for text in (found.title, evidence.why):
        _text("text", text.id, _LONG, least=0)
        _text("text", text.en, _LONG, least=0)
    for field in ("metric", "instance", "unit", "frame"):
        _text(f"evidence.{field}", getattr(evidence, field), _LONG, least=0)
    for field in ("time", "judged"):
        _instant(field, getattr(found, field), now)
    return Good(judgement=found, place=Place.of(found, sequence))


def _same(field: str, said: str, topic: str) -> None:
    if said != topic:
        raise Refused(field, said, f"{topic}, as the topic says")


def _text(field: str, text: str, most: int, *, least: int = 1) -> None:
    if not least <= len(text) <= most:
        raise Refused(field, text, f"{least} to {most} characters")


def _instant(field: str, micros: int, now: int) -> None:
    if not 0 < micros <= now + _AHEAD:
        raise Refused(field, micros, "µs since 1970, at most a day ahead of us")
