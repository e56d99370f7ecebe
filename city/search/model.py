"""What may be found: kinds that declare their fields, documents, who may see what, and what is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
from sqlalchemy import Connection

from city.search.errors import Protected, Undeclared
from contracts.judgements import Text

TITLE: Final = 300  # characters of a title; what is longer is cut
BODY: Final = 100_000  # characters of a body; a longer text is put as several documents
STEMS: Final = 15_000  # words of a document that are indexed; PostgreSQL counts no further than 16,383
VALUES: Final = 20  # values of one facet in one document
VALUE: Final = 120  # characters of one value
KEY: Final = 120  # characters of a record's id

Value = str | tuple[str, ...]


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of record that can be found. A field that stands in none of the three places is refused."""

    name: str  # `incident`, `regulation`: never change it
    title: Text  # what people call such a record
    heading: tuple[str, ...]  # fields that make up the title, in this order
    text: tuple[str, ...] = ()  # fields that make up the body
    facets: tuple[str, ...] = ()  # fields by which what was found is counted and narrowed
    needs: str = ""  # permission that finds what is not public, in the units for which a caller has it
    protected: bool = (
        False  # need-to-know records: their kind is refused, so that no one puts them by mistake
    )

    def __post_init__(self) -> None:
        places = [*self.heading, *self.text, *self.facets]
        if not self.name.replace("-", "").isalnum() or not self.name.islower() or len(self.name) > 32:
            raise Undeclared(self.name, "name", "give 1 to 32 of a-z, 0-9 and -")
        if not self.heading:
            raise Undeclared(self.name, "heading", "name a field that tells one record from another")
        if len(set(places)) < len(places) or "kind" in places:
            raise Undeclared(self.name, "fields", "a field has one place, and `kind` is a facet already")


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One record as it can be found: only what its kind declares, never what tells who a person is."""

    id: str  # of the record, unique in its kind
    path: str  # where a reader goes from here: `/insiden/TGI-2026-000123`
    fields: Mapping[str, Value]
    unit: str = ""  # who has it in hand: agency, kelurahan, facility; empty for the city as a whole
    public: bool = False  # whether anybody may find it; otherwise only who may see this kind in this unit
    changed: int = 0  # µs UTC; of equally good ones the newer comes first


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller may find besides what is public: kinds, each in some units or, None, in all of them."""

    kinds: Mapping[str, tuple[str, ...] | None] = {}


PUBLIC: Final = Sight()


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for."""

    text: str  # words; "in quotes" as a phrase; the last word may be unfinished, or any that ends in *
    kinds: tuple[str, ...] = ()  # empty: all
    facets: Mapping[str, tuple[str, ...]] = {}  # name → one of these values


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of text; whoever shows it marks the hits. Never markup."""

    text: str
    hit: bool = False


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One record that was found."""

    kind: str
    id: str
    path: str
    title: tuple[Segment, ...]
    excerpt: tuple[Segment, ...]
    unit: str
    public: bool
    changed: int  # µs UTC
    score: int  # greater is better; only comparable within one query


Place = tuple[int, int, str, str]  # (score, changed, kind, id) of the last hit of a page


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One page of what was found."""

    hits: tuple[Hit, ...]
    total: int  # all that fit, of which the best `window` can be paged through
    facets: Mapping[str, Mapping[str, int]]  # name → value → how many of all that fit
    next: Place | None  # ask again with `after` set to it
    loose: bool = False  # nothing had all the words: these have some
    read_as: Mapping[str, str] = {}  # a word that nobody uses → the nearest that was found


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A package's records of one kind, for building the index anew."""

    kind: Kind
    # The next ones after an id ("" at the start) in the order of their ids; empty at the end.
    page: Callable[[Connection, str, int], Iterable[Document]]


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """A document's fields in the places that its kind gives them."""

    title: str
    body: str
    facets: dict[str, tuple[str, ...]]


def parts(kind: Kind, document: Document) -> Parts:
    """Title, body and facets of a document. Raises Protected, Undeclared."""
    if kind.protected:
        raise Protected(kind.name)
    declared = {*kind.heading, *kind.text, *kind.facets}
    for field in document.fields:
        if field not in declared:
            raise Undeclared(kind.name, field, "is not declared by its kind, so it may not be found")
    if not 0 < len(document.id) <= KEY:
        raise Undeclared(kind.name, "id", f"has 1 to {KEY} characters")

    def said(names: tuple[str, ...], between: str) -> str:
        return between.join(text for name in names for text in _all(document.fields.get(name, "")))

    facets = {
        name: tuple(dict.fromkeys(value[:VALUE] for value in _all(document.fields.get(name, ()))))[:VALUES]
        for name in kind.facets
    }
    return Parts(title=said(kind.heading, " · "), body=said(kind.text, "\n"), facets=facets)


def _all(value: Value) -> tuple[str, ...]:
    return tuple(one for one in ((value,) if isinstance(value, str) else value) if one)
