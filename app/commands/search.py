"""`imm search`: look for records, see how the index stands, and build it anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import msgspec

from app.histories import HISTORIES
from app.settings import Settings, load
from city import db
from city import search as searching
from city.geography import Atlas
from city.search.rebuild import clean, rebuild, tidy
from city.search.state import state
from programmes.tangi import findable
from runtime.cli import Failure, emit, json_option
from runtime.clock import System
from web import places


@click.group()
def search() -> None:
    """Look for records, and build the index anew."""


@search.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--kind", "kinds", multiple=True, help="Only records of this kind; may be given again.")
@click.option("--all", "everything", is_flag=True, help="Also what is not public.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100))
@json_option
@click.pass_context
def find(
    context: click.Context,
    words: tuple[str, ...],
    kinds: tuple[str, ...],
    limit: int,
    *,
    everything: bool,
    json: bool,
) -> None:
    """Best answers first, as the platform's pages give them."""
    settings = load(context)
    with _opened(settings) as (database, index):
        held = state(database).documents if everything else {}
        found = searching.Finder(database, index).find(
            searching.Query(text=" ".join(words), kinds=kinds),
            sight=searching.Sight(kinds=dict.fromkeys(held)),
            limit=limit,
        )
    if json:
        emit(msgspec.to_builtins(found), json=True)
        return
    for typed, read in found.read_as.items():
        click.echo(f"{typed} read as {read}")
    emit([_told(hit) for hit in found.hits], json=False, title=f"{len(found.hits)} of {found.total:,}")


@search.command("state")
@json_option
@click.pass_context
def state_(context: click.Context, *, json: bool) -> None:
    """Engine, documents of each kind, words."""
    with _opened(load(context)) as (database, _):
        found = msgspec.to_builtins(state(database))
    kinds = found.pop("documents")
    emit(found | ({"documents": kinds} if json else kinds), json=json)


@search.command("rebuild")
@click.argument("kinds", nargs=-1)
@json_option
@click.pass_context
def rebuild_(context: click.Context, kinds: tuple[str, ...], *, json: bool) -> None:
    """Put all records again, or those of some kinds, and drop what is gone. Meanwhile all stays findable."""
    settings = load(context)
    with _opened(settings) as (database, index):
        known = sources(settings, database)
        names = [source.kind.name for source in known]
        if strange := sorted(set(kinds) - set(names)):
            raise Failure(
                f"{', '.join(strange)} cannot be built anew",
                "no package has records of this kind",
                f"name some of {', '.join(names)}",
            )
        if not kinds:
            clean(database, index, [source.kind for source in known])
        chosen = [source for source in known if not kinds or source.kind.name in kinds]
        done = rebuild(database, index, chosen, say=lambda line: None if json else click.echo(line, err=True))
        tidy(database, index)
    emit(done, json=json)


def sources(settings: Settings, database: db.Database) -> tuple[searching.Source, ...]:
    """What packages contribute of their records; none of them needs the time-series store."""
    contributions = (places.contribution(Atlas.of(database, System(), settings.geography)),)
    return (*(source for one in contributions for source in one.search), findable.SOURCE)


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[db.Database, searching.Index]]:
    database = db.Database.of(settings.city)
    try:
        db.check(database, HISTORIES)
        yield database, searching.Index(searching.engine(lite=database.lite), settings.search)
    finally:
        database.close()


def _told(hit: searching.Hit) -> dict[str, Any]:
    """One line of the table; what answers stands in [brackets]."""

    def said(segments: tuple[searching.Segment, ...]) -> str:
        return "".join(f"[{one.text}]" if one.hit else one.text for one in segments)

    return {"kind": hit.kind, "id": hit.id, "title": said(hit.title), "excerpt": said(hit.excerpt)}
