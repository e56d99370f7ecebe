"""`imm files`: whether every file of a record is there, and the end of all links to them."""

from __future__ import annotations

import click

from app import histories
from app.settings import load
from city import db
from city.files import sweep
from city.files.links import Keys
from city.files.shelf import open_shelf
from runtime.cli import Failure, emit, json_option


@click.group()
def files() -> None:
    """Look after the files of records."""


@files.command()
@json_option
@click.pass_context
def check(context: click.Context, *, json: bool) -> None:
    """List contents that should lie there and do not; exit status 1 where one is missing."""
    settings = load(context)
    database = db.Database.of(settings.city)
    try:
        db.check(database, histories.HISTORIES)
        lacks = sweep.lacking(database, open_shelf(settings.files))
    finally:
        database.close()
    emit(
        [{"content": one.path, "bytes": one.wanted, "found": one.found} for one in lacks],
        json=json,
    )
    if lacks:
        raise Failure(
            f"{len(lacks)} contents are missing or cut",
            f"they do not lie in {settings.files.place} as they were written",
            "restore them from a backup: `imm backup restore`",
        )


@files.command()
@click.option("--withdraw", is_flag=True, help="Links made so far end at once, instead of by their time.")
@click.pass_context
def rotate(context: click.Context, *, withdraw: bool) -> None:
    """Sign links to files with a new key. Running processes take it at once."""
    Keys(load(context).files.links_file).rotate(withdraw=withdraw)
    click.echo("links made before are withdrawn" if withdraw else "links made before hold until they end")
