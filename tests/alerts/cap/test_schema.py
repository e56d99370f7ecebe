"""Whatever an alert holds, what is said of it is CAP 1.2 as OASIS has it, and is read back the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from alerts.cap import compose
from alerts.cap.compose import Slip
from alerts.cap.place import Place
from alerts.cap.settings import Settings
from contracts import cap
from contracts.alerts import Alert, State
from contracts.cap import Area, Category, Kind, Message, Named, Reference
from contracts.errors import Refused
from contracts.instants import DAY, SECOND
from contracts.judgements import Evidence, Severity, Text

# XML's own line ends: a carriage return is read back as a line feed.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=80)
WORDS = st.builds(Text, id=TEXTS, en=TEXTS)
FLOATS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
INSTANTS = st.integers(min_value=0, max_value=200 * 365).map(lambda days: days * DAY + 17 * SECOND)
ANGLES = st.floats(min_value=-90, max_value=90)
RINGS = st.lists(st.tuples(ANGLES, ANGLES), min_size=3, max_size=6).map(lambda ring: (*ring, ring[0]))
AREAS = st.builds(
    Area,
    description=TEXTS.filter(bool),
    polygons=st.lists(RINGS, max_size=1).map(tuple),
    circles=st.lists(st.tuples(ANGLES, ANGLES, st.floats(0, 1e4)), max_size=1).map(tuple),
    codes=st.lists(st.builds(Named, name=TEXTS, value=TEXTS), max_size=2).map(tuple),
)
ALERTS = st.builds(
    Alert,
    id=st.just("0197a9c4-4a80-7c3e-9d55-2f6b1c0e7a11"),
    revision=st.integers(1, 9),
    state=st.sampled_from(State),
    fingerprint=st.just("f"),
    rule=st.just("crowd"),
    rule_hash=st.just("h"),
    site=st.just("bima"),
    device=TEXTS,
    labels=st.just({}),
    severity=st.sampled_from(Severity),
    title=WORDS,
    evidence=st.builds(
        Evidence, metric=TEXTS, unit=TEXTS, value=FLOATS, expected=FLOATS, low=FLOATS, why=WORDS
    ),
    started=INSTANTS,
    updated=INSTANTS,
)
REFERENCES = st.lists(
    st.builds(Reference, sender=st.just("imm.example"), identifier=st.just("a.1"), sent=INSTANTS), max_size=3
).map(tuple)
SETTINGS = st.builds(
    Settings,
    category=st.sampled_from(Category),
    scope=st.sampled_from(["Public", "Restricted", "Private"]),
)


@given(
    alert=ALERTS,
    kind=st.sampled_from(Kind),
    sent=INSTANTS,
    references=REFERENCES,
    areas=st.tuples(AREAS, AREAS),
    settings=SETTINGS,
)
def test_any_alert_is_valid_cap(
    cap12: Any,
    alert: Alert,
    kind: Kind,
    sent: int,
    references: tuple[Reference, ...],
    areas: tuple[Area, Area],
    settings: Settings,
) -> None:
    slip = Slip(identifier="a.2", sent=sent, expires=sent + DAY, references=references)
    place = Place(id=areas[0], en=areas[1])
    said = compose.message(alert, kind, slip, place=place, settings=settings, web="https://imm.example/a")
    written = cap.encode(said)
    document = etree.fromstring(written)
    assert cap12.validate(document), cap12.error_log
    read = cap.decode(written)
    assert cap.encode(read) == written
    assert (read.reference, read.references, read.kind) == (said.reference, said.references, kind)
    assert [info.language for info in read.infos] == ["id-ID", "en-US"]


def test_the_schema_of_the_tests_refuses_what_is_wrong(cap12: Any) -> None:
    wrong = Message(identifier="a", sender="s", sent=0, kind=Kind.ALERT, scope="Secret")
    assert not cap12.validate(etree.fromstring(cap.encode(wrong)))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"<alert/>",
        b"\xff",
        b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"/>',
        cap.encode(Message(identifier="a", sender="s", sent=0, kind=Kind.ALERT)).replace(
            b"<status>", b"<references>a,b</references><status>"
        ),
    ],
)
def test_what_is_no_cap_is_refused(payload: bytes) -> None:
    with pytest.raises(Refused):
        cap.decode(payload)


def test_entities_are_not_followed() -> None:
    evil = b"""<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/hostname">]>
    <alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>&x;</identifier>
    <sender>s</sender><sent>2026-11-24T17:00:01+07:00</sent><msgType>Alert</msgType></alert>"""
    assert cap.decode(evil).identifier == ""
