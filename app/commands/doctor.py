"""`imm doctor`: what is wrong with this machine and these settings, and what to do about it."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import click
import duckdb
import msgspec

import city.errors
from analytics.jobs import files
from app import histories
from app.brokers import mosquitto
from app.commands import backup
from app.failures import explain
from app.papers import KEYS
from app.parts import roster
from app.settings import Settings, load
from city import db
from city.documents import press
from city.documents.signing import open_signer
from city.errors import Older
from city.files.shelf import open_shelf
from city.geography import Areas, Boundaries
from city.privacy import history as privacy_history
from city.privacy import holder, keyfile, rotation
from city.privacy.errors import BadKeys, KeyMissing
from city.search import state as searching
from contracts import instants
from runtime.cli import emit, json_option
from runtime.clock import System
from web import shell

ROOM: Final = 2_000_000_000  # bytes free below which a day of a small city no longer fits
EARLIEST: Final = instants.from_rfc3339("2026-01-01T00:00:00Z")  # a clock before it was never set


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    what: str
    ok: bool
    found: str
    cure: str = ""


@click.command()
@json_option
@click.pass_context
def doctor(context: click.Context, *, json: bool) -> None:
    """Check this machine and these settings; exit status 1 where something must be mended."""
    findings = list(examine(load(context)))
    if json:
        emit([msgspec.to_builtins(one) for one in findings], json=True)
    else:
        emit(
            [{"": "ok" if one.ok else "NO", "what": one.what, "found": one.found} for one in findings],
            json=False,
        )
        for one in findings:
            if not one.ok:
                click.echo(f"  {one.what}: {one.cure}")
    context.exit(0 if all(one.ok for one in findings) else 1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything that a start needs, without starting anything."""
    yield _clock()
    yield _room(settings)
    yield _tried("roster", lambda: f"{len(roster(settings).list())} devices")
    yield _tried("rules", lambda: f"{len(files.load(settings.analytics.rules))} rules")
    yield _tried("database", lambda: _database(settings))
    yield _tried("keys", lambda: _keys(settings))
    yield _store(settings)
    yield _search(settings)
    yield _tried("geography", lambda: _geography(settings))
    yield _tried("files", lambda: _files(settings))
    yield _tried("documents", lambda: _documents(settings))
    yield _broker(settings)
    yield _port(settings)
    yield _front_end()
    yield Finding(
        what="engines",
        ok=True,
        found=f"DuckDB {duckdb.__version__}, SQLite {sqlite3.sqlite_version}",
    )


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what=what, ok=True, found=look())
    except Exception as error:  # explain() knows ours; anything else is raised again
        failure = explain(error)
        if failure is None:
            raise
        return Finding(what=what, ok=False, found=failure.why, cure=failure.cure)


def _clock() -> Finding:
    now = System().now()
    return Finding(
        what="clock",
        ok=now >= EARLIEST,
        found=instants.to_rfc3339(now),
        cure="set the clock, or let NTP set it: times of all data depend on it",
    )


def _room(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.data).free
    return Finding(
        what="disk",
        ok=free >= ROOM,
        found=f"{free / 1e9:.1f} GB free under {settings.data}",
        cure=f"free at least {ROOM / 1e9:.0f} GB, or set `data` to a larger disk",
    )


def _database(settings: Settings) -> str:
    database = db.Database.of(settings.city)
    try:
        db.check(database, histories.HISTORIES)
        return f"{database.kind}, tables of this version"
    except Older:
        if settings.store.engine == "embedded":
            return f"{database.kind}, will be brought up to date by `imm up`"
        raise
    finally:
        database.close()


def _keys(settings: Settings) -> str:
    """Whether what opens personal data is at hand, and in no backup. Raises BadKeys, KeyMissing."""
    keys = holder(settings.privacy, clock=System())
    found = keys.known()
    database = db.Database.of(settings.city)
    try:
        db.check(database, [privacy_history.HISTORY])
        named = [state.id for state in rotation.status(database, keys) if state.since is not None]
    except city.errors.Failure:
        named = []  # `database` tells the cure
    finally:
        database.close()
    if lacking := sorted(set(named) - found.keys()):
        raise KeyMissing(lacking[0], keys.where)
    copies = [path for _, path in backup.files(settings) if keyfile.holds(path)]
    if copies:
        reason = "a copy of the keys here would be in each backup, beside what it opens"
        raise BadKeys(copies[0], reason, f"move {copies[0]} to a place of its own")
    return f"{len(found)} in {keys.where}" if found else "none yet: the first start makes one"


def _search(settings: Settings) -> Finding:
    """Whether its engine is there, and whether it keeps up. It needs no extension of the server's."""
    database = db.Database.of(settings.city)
    try:
        if database.lite and not searching.capable():
            return Finding(
                what="search",
                ok=False,
                found=f"SQLite {sqlite3.sqlite_version} has no FTS5",
                cure="run Python on an SQLite with FTS5, as Debian's; or set city.url to PostgreSQL",
            )
        db.check(database, histories.HISTORIES)
        found = searching.state(database)
        count = sum(found.documents.values())
        return Finding(
            what="search", ok=True, found=f"{found.engine}: {count:,} documents, {found.words:,} words"
        )
    except city.errors.Failure as error:
        return Finding(what="search", ok=True, found=f"not looked at: {error}")  # `database` tells the cure
    finally:
        database.close()


def _geography(settings: Settings) -> str:
    areas = Areas.load(settings.geography.areas)
    known = Boundaries.load(settings.geography.boundaries, areas, key=settings.geography.property)
    told = [f"{len(areas.list())} areas, boundaries of {len(known.outlines)}", *known.findings()]
    return "; ".join(told)


def _files(settings: Settings) -> str:
    open_shelf(settings.files).look()
    return settings.files.place


def _documents(settings: Settings) -> str:
    """Whether pages can be set, and who signs them; the trial key is made when the first letter is."""
    press.library()
    if settings.documents.signer_file is None and settings.documents.trial:
        return "signed by a trial key: worth nothing until documents.signer_file is set"
    signer = open_signer(settings.documents, settings.data / KEYS, System())
    return f"signed by {signer.name}, until {instants.to_rfc3339(signer.until)[:10]}"


def _store(settings: Settings) -> Finding:
    kept = settings.store
    if kept.engine == "influx":
        host, _, port = kept.influx.url.removeprefix("http://").removeprefix("https://").partition(":")
        return _reachable(
            "store", host, int(port.strip("/") or 8086), "start InfluxDB, or correct store.influx.url"
        )
    try:
        duckdb.connect(str(kept.embedded.path), read_only=kept.embedded.path.exists()).close()
    except duckdb.Error as error:
        return Finding(
            what="store",
            ok="lock" in str(error),
            found="in use by a running platform" if "lock" in str(error) else str(error).splitlines()[0],
            cure="restore the last backup: `imm backup restore`",
        )
    return Finding(what="store", ok=True, found=str(kept.embedded.path))


def _broker(settings: Settings) -> Finding:
    if settings.broker.choice == "external":
        place = settings.mqtt
        return _reachable("broker", place.host, place.port, "start the broker, or correct [mqtt]")
    bundled = importlib.util.find_spec("iotcore") is not None
    found = mosquitto.find() or ("iotcore (memory only, this machine only)" if bundled else "none")
    return Finding(
        what="broker", ok=found != "none", found=found, cure="install Mosquitto: apt-get install mosquitto"
    )


def _port(settings: Settings) -> Finding:
    place = settings.api
    with socket.socket() as probe:
        taken = probe.connect_ex((place.host, place.port)) == 0
    return Finding(
        what="api", ok=True, found=f"{place.host}:{place.port} {'answers' if taken else 'is free'}"
    )


def _front_end() -> Finding:
    built = Path(shell.__file__).parent / "static" / "build"
    ok = built.is_dir() and any(built.iterdir())
    return Finding(what="console", ok=ok, found="built" if ok else "not built", cure="build it: make setup")


def _reachable(what: str, host: str, port: int, cure: str) -> Finding:
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError as error:
        return Finding(what=what, ok=False, found=f"{host}:{port}: {error.strerror or error}", cure=cure)
    return Finding(what=what, ok=True, found=f"{host}:{port} answers")
