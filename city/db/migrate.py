"""Migrations: each package has a linear history and version table of its own; all move in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Table, inspect, text

from city.db.database import Database
from city.db.schema import metadata
from city.errors import Half, Newer, Older

_ENVIRONMENT: Final = Path(__file__).parent / "environment"
_BACK: Final = (
    "restore the backup made before the last upgrade, or run `imm migrate` with the program that wrote it"
)


class History(msgspec.Struct, frozen=True, kw_only=True):
    """One package's tables and the migrations that made them."""

    name: str
    folder: Path  # of the package; its migrations are in migrations/versions
    tables: tuple[Table, ...]

    @property
    def version_table(self) -> str:
        """Where the database keeps how far this history has come."""
        return f"{self.name}_version"


def upgrade(db: Database, histories: Sequence[History]) -> dict[str, str]:
    """Bring all tables up to date; history → its version now. Raises Newer, Half: nothing is changed then."""
    with db.migrating() as tx:
        for history in histories:
            found = _found(tx, history)
            if found is not None:
                _known(history, found)
            command.upgrade(_config(history, tx), "head")
            _whole(tx, history)
        broken = tx.execute(text("PRAGMA foreign_key_check")).all() if db.lite else []
        if broken:
            raise Half(str(broken[0][0]), f"{len(broken)} rows point at rows that are gone", _BACK)
        return {history.name: _found(tx, history) or "" for history in histories}


def check(db: Database, histories: Iterable[History]) -> None:
    """Refuse tables that are not those of this program. Raises Older, Newer, Half."""
    with db.read() as tx:
        for history in histories:
            found = _found(tx, history)
            head = _scripts(history).get_current_head()
            if found is None:
                raise Older(history.name, "not there yet", "run `imm migrate`")
            _known(history, found)
            if found != head:
                raise Older(history.name, f"at {found}, the program needs {head}", "run `imm migrate`")
            _whole(tx, history)


def differences(db: Database, history: History) -> list[Any]:
    """How the database's tables differ from those that the code declares; empty where they agree."""
    names = {table.name for table in history.tables}

    def mine(_object: object, name: str | None, kind: str, _reflected: object, _to: object) -> bool:
        return kind != "table" or name in names

    with db.read() as tx:
        context = MigrationContext.configure(
            tx, opts={"include_object": mine, "compare_type": True, "version_table": history.version_table}
        )
        return list(compare_metadata(context, metadata))


def configure(context: Any) -> None:
    """Tell Alembic what to work on; called by environment/env.py."""
    attributes = context.config.attributes
    tables: set[str] = attributes["tables"]
    context.configure(
        connection=attributes["connection"],
        version_table=attributes["version_table"],
        target_metadata=metadata,
        include_name=lambda name, kind, _parents: kind != "table" or name in tables,
        include_object=lambda _object, name, kind, _reflected, _to: kind != "table" or name in tables,
        render_as_batch=True,  # SQLite changes a column by rebuilding its table
    )


def _config(history: History, tx: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_ENVIRONMENT).replace("%", "%%"))
    config.set_main_option(
        "version_locations", str(history.folder / "migrations" / "versions").replace("%", "%%")
    )
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = tx
    config.attributes["version_table"] = history.version_table
    config.attributes["tables"] = {table.name for table in history.tables}
    return config


def _scripts(history: History) -> ScriptDirectory:
    return ScriptDirectory(
        str(_ENVIRONMENT), version_locations=[str(history.folder / "migrations" / "versions")]
    )


def _found(tx: Connection, history: History) -> str | None:
    """Version in the database, None before the first migration. Raises Half."""
    context = MigrationContext.configure(tx, opts={"version_table": history.version_table})
    heads = context.get_current_heads()
    if len(heads) > 1:
        raise Half(history.name, f"recorded at {', '.join(heads)} at once", _BACK)
    if heads:
        return heads[0]
    there = set(inspect(tx).get_table_names()) & {table.name for table in history.tables}
    if there:
        raise Half(history.name, f"no version is recorded, yet there is {', '.join(sorted(there))}", _BACK)
    return None


def _known(history: History, version: str) -> None:
    known = {script.revision for script in _scripts(history).walk_revisions()}
    if version not in known:
        newest = max(known, default="nothing")
        raise Newer(
            history.name,
            f"at {version}, this program knows up to {newest}",
            "start the newer program, or " + _BACK,
        )


def _whole(tx: Connection, history: History) -> None:
    missing = {table.name for table in history.tables} - set(inspect(tx).get_table_names())
    if missing:
        raise Half(history.name, f"{', '.join(sorted(missing))} missing", _BACK)
