"""Template and values → words, in the language and the time zone of whoever reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from city.notifications.model import Message
from city.notifications.templates import Kind, Template
from city.schedule.opaque import Value
from contracts import instants
from runtime.logs import clean

_LONGEST: Final = 500  # characters of one value
_FORMS: Final = {"id": "d MMMM y HH.mm", "en": "d MMMM y HH:mm"}
_ABSENT: Final = "…"  # for what was erased, or an older notice did not bring


def message(
    template: Template,
    values: Mapping[str, Value],
    *,
    language: str,
    zone: ZoneInfo,
    name: str = "",
    site: str = "",
) -> Message:
    """The words. A value keeps to one line: nobody writes a header or a second message with his name."""
    path = path_of(template, values)
    link = site.rstrip("/") + path if site and path else ""
    shown = _Shown(
        {
            key: _written(value, template.placeholders.get(key), language, zone)
            for key, value in values.items()
        }
    )
    shown |= {"name": clean(name, _LONGEST), "link": link}
    words = template.words(language)
    title = words.title.format_map(shown).strip()
    text = words.text.format_map(shown).strip()
    short = words.short.format_map(shown).strip() or f"{title}: {text}"
    return Message(title=title, text=text, short=short, link=link, urgent=template.urgent)


def path_of(template: Template, values: Mapping[str, Value]) -> str:
    """Where to read on, each value quoted."""
    parts = {key: quote(str(value), safe="") for key, value in values.items()}
    return template.path.format_map(_Shown(parts))


class _Shown(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return _ABSENT


def _written(value: Any, kind: Kind | None, language: str, zone: ZoneInfo) -> str:
    if kind in (Kind.TIME, Kind.DATE, Kind.COUNT, Kind.MONEY) and isinstance(value, int):
        return _number(value, kind, "en" if language == "en" else "id", zone)
    return clean("" if value is None else value, _LONGEST)


def _number(value: int, kind: Kind, language: str, zone: ZoneInfo) -> str:
    from babel import dates, numbers  # a tenth of a second that only who sends needs

    if kind == Kind.MONEY:
        return "Rp" + numbers.format_decimal(value, locale="id")  # as money is written here, in any language
    if kind == Kind.COUNT:
        return numbers.format_decimal(value, locale=language)
    moment = instants.to_datetime(value).astimezone(zone)
    form = _FORMS[language] if kind == Kind.TIME else "d MMMM y"
    return dates.format_datetime(moment, form, locale=language)
