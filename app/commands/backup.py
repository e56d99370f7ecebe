"""`imm backup`: one archive of everything that this machine keeps, checked by opening it again."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import click
import duckdb
import msgspec

from app.settings import Settings, load
from contracts import instants
from runtime.cli import Failure, emit, json_option
from runtime.clock import System

MANIFEST: Final = "manifest.json"
# What a new start makes again; and the keys: whoever finds a backup must not find what opens it beside it.
SKIPPED: Final = ("logs", "broker", "processes.json", "keys")


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the archive holds."""

    made: int  # µs UTC
    files: dict[str, str]  # name → SHA-256


@click.group()
def backup() -> None:
    """Write a backup, check one, or restore one."""


@backup.command()
@click.argument("archive", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@click.pass_context
def create(context: click.Context, archive: Path, *, json: bool) -> None:
    """Write everything under the data folder into ARCHIVE (.tar.gz). The embedded platform must be stopped.

    At work, InfluxDB and PostgreSQL are backed up by their own tools: `influx backup` and `pg_dump`.
    """
    settings = load(context)
    if archive.exists():
        raise Failure(f"{archive} exists", "a backup never replaces another", "name a new file")
    with tempfile.TemporaryDirectory(dir=settings.data) as draft:
        copied = {name: _copied(path, Path(draft) / name) for name, path in files(settings)}
        if not copied:
            raise Failure(
                f"{settings.data} holds nothing",
                "a backup of nothing would look like one",
                "name the folder: IMM_DATA",
            )
        manifest = Manifest(made=System().now(), files={name: _digest(path) for name, path in copied.items()})
        unfinished = archive.with_name(f"{archive.name}.part")
        with tarfile.open(unfinished, "w:gz") as tar:
            note = Path(draft) / MANIFEST
            note.write_bytes(msgspec.json.encode(manifest))
            tar.add(note, MANIFEST)
            for name, path in copied.items():
                tar.add(path, name)
        unfinished.replace(archive)
    emit({"archive": archive, "files": len(copied), "bytes": archive.stat().st_size}, json=json)


@backup.command()
@click.argument("archive", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
def check(archive: Path, *, json: bool) -> None:
    """Unpack ARCHIVE aside, compare every digest and open every database."""
    with tempfile.TemporaryDirectory() as aside:
        manifest = _unpacked(archive, Path(aside))
        opened = sum(_opens(Path(aside) / name) for name in manifest.files)
    emit(
        {
            "made": instants.to_rfc3339(manifest.made),
            "files": len(manifest.files),
            "databases opened": opened,
        },
        json=json,
    )


@backup.command()
@click.argument("archive", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--into", required=True, type=click.Path(path_type=Path, file_okay=False), help="A new or empty folder."
)
@json_option
def restore(archive: Path, into: Path, *, json: bool) -> None:
    """Unpack ARCHIVE into a new data folder; point the setting `data` to it."""
    if into.exists() and any(into.iterdir()):
        raise Failure(f"{into} is not empty", "a restore never replaces data", "name a new folder")
    into.mkdir(parents=True, exist_ok=True)
    manifest = _unpacked(archive, into)
    (into / MANIFEST).unlink()
    emit({"restored": into, "files": len(manifest.files)}, json=json)


def files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """What a backup holds: name and path; never the keys."""
    for path in sorted(settings.data.rglob("*")):
        name = path.relative_to(settings.data)
        if (
            path.is_file()
            and name.parts[0] not in SKIPPED
            and path not in {settings.privacy.keys_file, settings.files.links_file}
            and not path.name.endswith(("-wal", "-shm", ".wal"))
        ):
            yield str(name), path


def _copied(path: Path, to: Path) -> Path:
    """A consistent copy: SQLite by its own backup, beside writers; DuckDB checkpointed first."""
    to.parent.mkdir(parents=True, exist_ok=True)
    if _is_sqlite(path):
        with closing(sqlite3.connect(path, timeout=2)) as source, closing(sqlite3.connect(to)) as copy:
            try:
                source.execute(
                    "SELECT count(*) FROM sqlite_master"
                )  # a backup would wait for ever where it is locked
                source.backup(copy)
            except sqlite3.Error as error:
                raise _running(path, str(error)) from None
        return to
    if path.suffix == ".duckdb":
        try:
            with duckdb.connect(str(path)) as database:
                database.execute("CHECKPOINT")
        except duckdb.Error as error:
            raise Failure(
                "the store cannot be copied",
                str(error).splitlines()[0],
                "stop the platform first, then try again",
            ) from None
    shutil.copyfile(path, to)
    return to


def _running(path: Path, why: str) -> Failure:
    return Failure(f"{path.name} cannot be copied", why, "stop the platform first, then try again")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpacked(archive: Path, into: Path) -> Manifest:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(into, filter="data")
        manifest = msgspec.json.decode((into / MANIFEST).read_bytes(), type=Manifest)
    except (tarfile.TarError, zlib.error, OSError, EOFError, ValueError, msgspec.MsgspecError) as error:
        raise Failure(
            f"{archive} is no backup", str(error), "use an archive that `imm backup create` wrote"
        ) from None
    for name, digest in manifest.files.items():
        if not (into / name).is_file() or _digest(into / name) != digest:
            raise Failure(f"{archive} is damaged", f"{name} is not what was written", "use another backup")
    return manifest


def _opens(path: Path) -> bool:
    if _is_sqlite(path):
        with closing(sqlite3.connect(path)) as database:
            found = database.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise Failure(f"{path.name} is damaged", str(found), "use another backup")
        return True
    if path.suffix == ".duckdb":
        duckdb.connect(str(path), read_only=True).close()
        return True
    return False


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"
