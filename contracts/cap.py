"""CAP 1.2 (OASIS): an alert as others' systems read it. Records ↔ XML; its library is loaded when used."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Final

import msgspec

from contracts import instants
from contracts.errors import Refused

CONTENT_TYPE: Final = "application/cap+xml"
NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"
LARGEST: Final = 4_000_000  # bytes of a message that is read
_WIB: Final = timezone(timedelta(hours=7))  # people read these times as they stand
_WORDS: Final = {  # of an info: field → element
    "sender": "senderName",
    "headline": "headline",
    "description": "description",
    "instruction": "instruction",
    "web": "web",
}
# What no XML may hold.
_FORBIDDEN: Final = dict.fromkeys(
    (*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "\ufffd"
)


class Kind(StrEnum):
    """What a message does to those that it names in `references`."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


class Category(StrEnum):
    """Whose subject it is."""

    GEO = "Geo"
    MET = "Met"
    SAFETY = "Safety"
    SECURITY = "Security"
    RESCUE = "Rescue"
    FIRE = "Fire"
    HEALTH = "Health"
    ENV = "Env"
    TRANSPORT = "Transport"
    INFRA = "Infra"
    CBRNE = "CBRNE"
    OTHER = "Other"


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A value of a list that others define: a parameter, an event's code, an area's code."""

    name: str
    value: str


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """Where; latitude comes first, as CAP has it."""

    description: str
    polygons: tuple[tuple[tuple[float, float], ...], ...] = ()  # closed rings of (latitude, longitude)
    circles: tuple[tuple[float, float, float], ...] = ()  # latitude, longitude, kilometres
    codes: tuple[Named, ...] = ()


class Info(msgspec.Struct, frozen=True, kw_only=True):
    """What is said, in one language."""

    language: str  # RFC 3066: `id-ID`, `en-US`
    categories: tuple[Category, ...]
    event: str
    responses: tuple[str, ...] = ()  # Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None
    urgency: str  # Immediate Expected Future Past Unknown
    severity: str  # Extreme Severe Moderate Minor Unknown
    certainty: str  # Observed Likely Possible Unlikely Unknown
    onset: int | None = None  # µs UTC, whole seconds
    expires: int | None = None  # µs UTC, whole seconds
    sender: str = ""  # name for people
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    parameters: tuple[Named, ...] = ()
    areas: tuple[Area, ...] = ()


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier message, by what names it."""

    sender: str
    identifier: str
    sent: int  # µs UTC, whole seconds

    def __str__(self) -> str:
        return f"{self.sender},{self.identifier},{_written(self.sent)}"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One CAP `alert`. Sender and identifier have no spaces, commas, `<` or `&`."""

    identifier: str
    sender: str
    sent: int  # µs UTC, whole seconds
    status: str = "Actual"  # Actual Exercise System Test Draft
    kind: Kind
    scope: str = "Public"  # Public Restricted Private
    restriction: str = ""  # to whom, where it is restricted
    codes: tuple[str, ...] = ()
    note: str = ""
    references: tuple[Reference, ...] = ()
    infos: tuple[Info, ...] = ()

    @property
    def reference(self) -> Reference:
        """How later messages name this one."""
        return Reference(sender=self.sender, identifier=self.identifier, sent=self.sent)


def encode(message: Message) -> bytes:
    """Message → XML; characters that XML cannot hold become �."""
    from lxml import etree

    root = etree.Element(_tag("alert"), nsmap={None: NAMESPACE})
    for name, text in (
        ("identifier", message.identifier),
        ("sender", message.sender),
        ("sent", _written(message.sent)),
        ("status", message.status),
        ("msgType", message.kind),
        ("scope", message.scope),
    ):
        _put(root, name, text)
    _some(root, "restriction", message.restriction)
    for code in message.codes:
        _put(root, "code", code)
    _some(root, "note", message.note)
    _some(root, "references", " ".join(map(str, message.references)))
    for info in message.infos:
        _info(root, info)
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return written


def decode(payload: bytes) -> Message:
    """XML → message. Reads no entities and nothing outside of it. Raises Refused."""
    from lxml import etree

    if len(payload) > LARGEST:
        raise Refused("cap", f"{len(payload):,} bytes", f"at most {LARGEST:,}")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(payload, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refused("cap", payload[:120], str(error)) from None
    if root.tag != _tag("alert"):
        raise Refused("cap", str(root.tag), f"an alert of {NAMESPACE}")
    try:
        return Message(
            identifier=_text(root, "identifier"),
            sender=_text(root, "sender"),
            sent=_read(_text(root, "sent")),
            status=_text(root, "status"),
            kind=Kind(_text(root, "msgType")),
            scope=_text(root, "scope"),
            restriction=_text(root, "restriction"),
            codes=_texts(root, "code"),
            note=_text(root, "note"),
            references=tuple(_reference(text) for text in _text(root, "references").split()),
            infos=tuple(_read_info(info) for info in root.findall(_tag("info"))),
        )
    except ValueError as error:
        raise Refused("cap", payload[:120], str(error)) from None


def _info(root: Any, info: Info) -> None:
    element = _put(root, "info")
    _put(element, "language", info.language)
    for category in info.categories:
        _put(element, "category", category)
    _put(element, "event", info.event)
    for response in info.responses:
        _put(element, "responseType", response)
    for name in ("urgency", "severity", "certainty"):
        _put(element, name, getattr(info, name))
    for name, instant in (("onset", info.onset), ("expires", info.expires)):
        if instant is not None:
            _put(element, name, _written(instant))
    for field, name in _WORDS.items():
        _some(element, name, getattr(info, field))
    _named(element, "parameter", info.parameters)
    for area in info.areas:
        inner = _put(element, "area")
        _put(inner, "areaDesc", area.description)
        for ring in area.polygons:
            _put(inner, "polygon", " ".join(f"{_plain(y)},{_plain(x)}" for y, x in ring))
        for latitude, longitude, radius in area.circles:
            _put(inner, "circle", f"{_plain(latitude)},{_plain(longitude)} {_plain(radius)}")
        _named(inner, "geocode", area.codes)


def _read_info(element: Any) -> Info:
    return Info(
        language=_text(element, "language") or "en-US",
        categories=tuple(Category(text) for text in _texts(element, "category")),
        event=_text(element, "event"),
        responses=_texts(element, "responseType"),
        urgency=_text(element, "urgency"),
        severity=_text(element, "severity"),
        certainty=_text(element, "certainty"),
        onset=_read(text) if (text := _text(element, "onset")) else None,
        expires=_read(text) if (text := _text(element, "expires")) else None,
        **{field: _text(element, name) for field, name in _WORDS.items()},
        parameters=_read_named(element, "parameter"),
        areas=tuple(
            Area(
                description=_text(area, "areaDesc"),
                polygons=tuple(tuple(map(_pair, ring.split())) for ring in _texts(area, "polygon")),
                circles=tuple(_circle(text) for text in _texts(area, "circle")),
                codes=_read_named(area, "geocode"),
            )
            for area in element.findall(_tag("area"))
        ),
    )


def _named(parent: Any, name: str, pairs: Iterable[Named]) -> None:
    for pair in pairs:
        element = _put(parent, name)
        _put(element, "valueName", pair.name)
        _put(element, "value", pair.value)


def _read_named(parent: Any, name: str) -> tuple[Named, ...]:
    found = parent.findall(_tag(name))
    return tuple(Named(name=_text(one, "valueName"), value=_text(one, "value")) for one in found)


def _put(parent: Any, name: str, text: str = "") -> Any:
    from lxml import etree

    element = etree.SubElement(parent, _tag(name))
    if text:
        element.text = text.translate(_FORBIDDEN)
    return element


def _some(parent: Any, name: str, text: str) -> None:
    if text:
        _put(parent, name, text)


def _text(parent: Any, name: str) -> str:
    return parent.findtext(_tag(name)) or ""


def _texts(parent: Any, name: str) -> tuple[str, ...]:
    return tuple(element.text or "" for element in parent.findall(_tag(name)))


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _written(micros: int) -> str:
    """Instant as CAP writes it: whole seconds, an offset, never `Z`."""
    return instants.to_datetime(micros).astimezone(_WIB).isoformat(timespec="seconds")


def _read(text: str) -> int:
    return instants.from_datetime(datetime.fromisoformat(text))


def _reference(text: str) -> Reference:
    sender, identifier, sent = text.split(",")
    return Reference(sender=sender, identifier=identifier, sent=_read(sent))


def _pair(text: str) -> tuple[float, float]:
    latitude, longitude = map(float, text.split(","))
    return latitude, longitude


def _circle(text: str) -> tuple[float, float, float]:
    centre, radius = text.split()
    return (*_pair(centre), float(radius))


def _plain(number: float) -> str:
    """Number without an exponent, to a centimetre."""
    return f"{number:.7f}".rstrip("0").rstrip(".")
