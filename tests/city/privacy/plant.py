"""What is planted, and the scan for it: of bytes, of files, of a PostgreSQL server and its dump."""

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import psycopg

from tests.fixtures.postgres import Postgres, program

NAME = "Zubaedah Kusumadiningrat"
PHONE = "+6287712340987"
NIK = "3274065512880011"
MAIL = "zubaedah.k@contoh.id"
FORMS = (NAME, "Kusumadiningrat", PHONE, "87712340987", "877-1234-0987", NIK, MAIL, "zubaedah.k@")


def found(where: Iterable[tuple[str, bytes]], forms: Sequence[str] = FORMS) -> list[tuple[str, str]]:
    """Which planted words lie in which place."""
    seen = []
    for place, content in where:
        small = content.lower()
        seen += [(place, form) for form in forms if form.lower().encode() in small]
    return seen


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All files below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path), path.read_bytes()


def server(postgres: Postgres, url: str) -> Iterator[tuple[str, bytes]]:
    """Files of this database, the server's write-ahead log, what it logged, and a dump of it."""
    plain = url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute("CHECKPOINT")
        row = admin.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
    assert row is not None
    own = postgres.folder / "data" / "base" / str(row[0])
    assert own.is_dir()
    yield from files(own)
    yield from files(postgres.folder / "data" / "pg_wal")
    yield "log of the server", (postgres.folder / "log").read_bytes()
    dump = subprocess.run([program("pg_dump"), "--dbname", plain], check=True, capture_output=True).stdout
    assert b"privacy_records" in dump
    yield "dump", dump
