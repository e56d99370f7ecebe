"""`imm migrate`: bring the city's database to this version."""

from __future__ import annotations

import click

from app.histories import HISTORIES
from app.rulebook import ship
from app.settings import load
from city import db
from runtime.cli import emit, json_option


@click.command()
@click.option(
    "--check",
    "only_check",
    is_flag=True,
    help="Change nothing; exit status 1 where there is something to do.",
)
@json_option
@click.pass_context
def migrate(context: click.Context, *, only_check: bool, json: bool) -> None:
    """Bring the city's database to this version, before its first start. The ledger moves when opened."""
    settings = load(context)
    database = db.Database.of(settings.city)
    try:
        if only_check:
            db.check(database, HISTORIES)
        versions = {} if only_check else db.upgrade(database, HISTORIES)
        if not only_check:
            ship(settings, database)
    finally:
        database.close()
    emit({"state": "up to date", **versions}, json=json)
