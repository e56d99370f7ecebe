"""What is live, as an Atom feed with a link to each CAP message: how alerting hubs read it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from contracts import cap, instants
from contracts.cap import Message

CONTENT_TYPE: Final = "application/atom+xml"
_ATOM: Final = "http://www.w3.org/2005/Atom"


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """One live message."""

    identifier: str
    sent: int  # µs UTC
    content: str  # its XML


def render(live: list[Live], *, address: str, author: str, now: int, following: str = "") -> bytes:
    """Live messages → Atom, newest first; `following`: where the next page is."""
    from lxml import etree

    root = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM, "cap": cap.NAMESPACE})
    here = f"{address}/api/v1/cap"
    _put(root, "id", here)
    _put(root, "title", f"{author}: peringatan yang berlaku")
    _put(root, "updated", instants.to_rfc3339(max((one.sent for one in live), default=now)))
    _put(_put(root, "author"), "name", author)
    _put(root, "link", rel="self", href=here, type=CONTENT_TYPE)
    if following:
        _put(root, "link", rel="next", href=following, type=CONTENT_TYPE)
    for one in live:
        _entry(root, one, f"{here}/{one.identifier}")
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return written


def _entry(root: Any, one: Live, place: str) -> None:
    message = cap.decode(one.content.encode())
    entry = _put(root, "entry")
    _put(entry, "id", place)
    _put(entry, "title", _title(message))
    _put(entry, "updated", instants.to_rfc3339(one.sent))
    _put(entry, "link", rel="alternate", href=place, type=cap.CONTENT_TYPE)
    info = message.infos[0]
    _put(entry, "summary", info.description or info.event)
    for category in info.categories:
        _put(entry, "category", term=category.value)


def _title(message: Message) -> str:
    info = message.infos[0]
    where = info.areas[0].description if info.areas else ""
    return f"{info.headline} – {where}" if where else info.headline


def _put(parent: Any, name: str, text: str = "", **attributes: str) -> Any:
    from lxml import etree

    element = etree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    if text:
        element.text = text
    return element
