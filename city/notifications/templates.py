"""Templates: words for notices in Indonesian and English, from data files, checked when they are read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from string import Formatter
from typing import Any, Final

import msgspec

from city.notifications.errors import BadTemplate, Unknown
from city.notifications.model import Channel, Reach

FOLDER: Final = "notices"  # of a package; each .toml in it is read
STANDARD: Final = frozenset(
    {"name", "link"}
)  # placeholders that every template has: whom it is for, where to read on


class Kind(StrEnum):
    """What a placeholder holds, and so how it is written."""

    TEXT = "text"
    COUNT = "count"
    MONEY = "money"  # rupiah
    TIME = "time"  # µs UTC
    DATE = "date"  # µs UTC
    PRIVATE = "private"  # text that tells of a person: kept encrypted, never in an address


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A notice in one language."""

    title: str
    text: str
    short: str = ""  # for SMS and push: title and text where it is empty


class Topic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people choose about: all notices of a kind."""

    id: str  # its title in Indonesian
    en: str
    locked: bool = False  # whether it cannot be switched off


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of one notice's words. A version that was in use stays until its notices are sent."""

    name: str  # `tangi.incident-opened`
    version: int
    topic: str
    channels: tuple[Channel, ...]  # in order of preference
    reach: Reach = Reach.ALL
    urgent: bool = False  # goes through quiet hours
    path: str = ""  # where to read on: `/insiden/{number}`
    placeholders: dict[str, Kind] = {}
    id: Words
    en: Words

    def words(self, language: str) -> Words:
        """In a language; Indonesian where it is none of ours."""
        return self.en if language == "en" else self.id


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    topics: dict[str, Topic] = {}
    notices: tuple[Template, ...] = ()


class Catalogue:
    """All templates by name and version."""

    def __init__(self, files: Iterable[Path] = ()) -> None:
        """Raises BadTemplate."""
        self.topics: dict[str, Topic] = {}
        self._versions: dict[str, dict[int, Template]] = {}
        read = [(file, _read(file)) for file in files]
        for file, found in read:
            for name, topic in found.topics.items():
                if name in self.topics:
                    raise BadTemplate(file, name, "a topic of this name is there already")
                self.topics[name] = topic
        for file, found in read:
            for template in found.notices:
                self._add(file, template)

    @classmethod
    def of(cls, folders: Sequence[Path]) -> Catalogue:
        """Templates that packages bring, each in `notices/` of its folder. Raises BadTemplate."""
        return cls(file for folder in folders for file in sorted((folder / FOLDER).glob("*.toml")))

    def newest(self, name: str) -> Template:
        """The version in use. Raises Unknown."""
        versions = self._versions.get(name)
        if not versions:
            raise Unknown("template", name)
        return versions[max(versions)]

    def get(self, name: str, version: int) -> Template:
        """A version, or the newest where that one is gone. Raises Unknown."""
        return self._versions.get(name, {}).get(version) or self.newest(name)

    def __iter__(self) -> Iterator[Template]:
        return (template for versions in self._versions.values() for template in versions.values())

    def _add(self, file: Path, template: Template) -> None:
        _check(file, template, self.topics)
        versions = self._versions.setdefault(template.name, {})
        if template.version in versions:
            raise BadTemplate(file, template.name, f"version {template.version} is there already")
        versions[template.version] = template


def used(text: str) -> set[str]:
    """Names of the placeholders in a text. Raises ValueError where one is more than a name."""
    names = set()
    for _, name, form, conversion in Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or form or conversion:
            raise ValueError(f"{{{name}}} is not the plain name of a placeholder")
        names.add(name)
    return names


def _read(file: Path) -> _File:
    try:
        data: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
        return msgspec.convert(data, _File)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadTemplate(file, "the file", str(error)) from None


def _check(file: Path, template: Template, topics: Mapping[str, Topic]) -> None:
    """A template is whole, every placeholder known, and none forgotten. Raises BadTemplate."""
    reasons = [*_form(template, topics), *_placeholders(template)]
    if reasons:
        raise BadTemplate(file, template.name, reasons[0])


def _form(template: Template, topics: Mapping[str, Topic]) -> Iterator[str]:
    if template.topic not in topics:
        yield f"topic {template.topic} is not declared"
    if not template.channels or template.version < 1:
        yield "name its channels, and a version from 1 on"
    if template.path and not template.path.startswith("/"):
        yield "path: begins with /"
    for language, words in (("id", template.id), ("en", template.en)):
        if not words.title.strip() or not words.text.strip() or "\n" in words.title:
            yield f"{language}: give a title of one line, and a text"


def _placeholders(template: Template) -> Iterator[str]:
    declared = template.placeholders.keys()
    if clash := declared & STANDARD:
        yield f"{', '.join(sorted(clash))} is every template's: take another name"
    seen: set[str] = set()
    for place, text in _texts(template):
        try:
            names = used(text)
        except ValueError as error:
            yield f"{place}: {error}"
            continue
        if unknown := names - declared - (set() if place == "path" else STANDARD):
            yield f"{place}: {', '.join(sorted(unknown))} is no placeholder of it"
        told = {name for name in names & declared if template.placeholders[name] == Kind.PRIVATE}
        if place == "path" and told:
            yield f"path: {', '.join(sorted(told))} tells of a person, and addresses are logged"
        seen |= names
    if forgotten := declared - seen:
        yield f"{', '.join(sorted(forgotten))} is declared and never used"


def _texts(template: Template) -> Iterator[tuple[str, str]]:
    """Where placeholders may stand."""
    for language, words in (("id", template.id), ("en", template.en)):
        for field in ("title", "text", "short"):
            yield f"{language}.{field}", getattr(words, field)
    yield "path", template.path
