"""A backup holds everything, says when it is damaged, and comes back."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import duckdb
import pytest
from click.testing import CliRunner

from app.commands.backup import backup
from app.histories import HISTORIES
from app.papers import Papers
from app.settings import Settings, resolve
from city.db import Database, upgrade
from city.files import Kind, Use
from city.privacy import KeyFile, Vault, keks
from city.privacy.errors import KeyMissing
from runtime.clock import Fake
from runtime.ids import factory


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    (folder / "frames" / "ab").mkdir(parents=True)
    (folder / "frames" / "ab" / "abc").write_bytes(b"picture" * 1000)
    (folder / "logs").mkdir()
    (folder / "logs" / "platform.log").write_text("noise", encoding="utf-8")
    with closing(sqlite3.connect(folder / "city.sqlite")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE t (n)")
        database.execute("INSERT INTO t VALUES (42)")
        database.commit()
    with duckdb.connect(str(folder / "imm.duckdb")) as store:
        store.execute("CREATE TABLE s AS SELECT 7 AS n")
    monkeypatch.setenv("IMM_DATA", str(folder))
    return folder


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(backup, [*words], obj=None)
    return done.exit_code, done.output


def test_what_was_kept_comes_back(data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "b.tar.gz"
    code, output = run("create", str(archive), "--json")
    assert code == 0, output
    assert json.loads(output)["files"] == 3
    code, output = run("check", str(archive), "--json")
    assert json.loads(output)["databases opened"] == 2
    code, output = run("restore", str(archive), "--into", str(tmp_path / "new"))
    assert code == 0, output
    with closing(sqlite3.connect(tmp_path / "new" / "city.sqlite")) as database:
        assert database.execute("SELECT n FROM t").fetchone() == (42,)
    with duckdb.connect(str(tmp_path / "new" / "imm.duckdb")) as store:
        assert store.execute("SELECT n FROM s").fetchone() == (7,)
    assert (tmp_path / "new" / "frames" / "ab" / "abc").read_bytes() == b"picture" * 1000
    assert not (tmp_path / "new" / "logs").exists()


def test_damage_is_found_wherever_it_is(data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "b.tar.gz"
    run("create", str(archive))
    whole = archive.read_bytes()
    found = 0
    for place in range(0, len(whole), max(1, len(whole) // 60)):
        raw = bytearray(whole)
        raw[place] ^= 0xFF
        archive.write_bytes(raw)
        done = CliRunner().invoke(backup, ["check", str(archive)], obj=None)
        assert isinstance(done.exception, SystemExit | None), f"byte {place}: {done.exception!r}"
        assert done.exit_code in (0, 1)  # 0: a byte that carries nothing, such as the archive's date
        found += done.exit_code
    assert found > 40


def test_nothing_is_ever_replaced(data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "b.tar.gz"
    run("create", str(archive))
    assert run("create", str(archive))[0] == 1
    assert run("restore", str(archive), "--into", str(data))[0] == 1


def test_a_running_platform_is_refused_not_waited_for(data: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(data / "city.sqlite")) as database:
        database.execute("PRAGMA locking_mode=EXCLUSIVE")
        database.execute("BEGIN EXCLUSIVE")
        database.execute("INSERT INTO t VALUES (43)")
        database.commit()
        code, output = run("create", str(tmp_path / "b.tar.gz"))
    assert code == 1
    assert "stop the platform first" in output


def test_files_of_records_come_back_and_can_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but the keys: without the vault's key, which is kept elsewhere, a personal file opens nowhere."""
    monkeypatch.setenv("IMM_DATA", str(tmp_path / "data"))
    file = in_papers(tmp_path / "data", kept)
    code, output = run("create", str(tmp_path / "b.tar.gz"))
    assert code == 0, output
    assert run("restore", str(tmp_path / "b.tar.gz"), "--into", str(tmp_path / "new"))[0] == 0
    assert not (tmp_path / "new" / "keys").exists()
    with pytest.raises(KeyMissing):
        in_papers(tmp_path / "new", lambda papers, db: read(papers, db, file))
    shutil.copytree(tmp_path / "data" / "keys", tmp_path / "new" / "keys", dirs_exist_ok=True)
    assert in_papers(tmp_path / "new", lambda papers, db: read(papers, db, file)) == BODY


BODY = b"Nama;NIK\r\nSiti;3274010101900001\r\n"
T = TypeVar("T")


def in_papers(data: Path, call: Callable[[Papers, Database], T]) -> T:
    settings, clock = resolve(Settings(data=data)), Fake()
    db = Database.of(settings.city)
    upgrade(db, HISTORIES)
    try:
        keys = KeyFile(settings.privacy.keys_file, clock=clock)
        keks.prepare(db, keys, clock)
        return call(Papers(settings, db, Vault(db, keys, clock=clock), clock=clock, ids=factory(clock)), db)
    finally:
        db.close()


def kept(papers: Papers, db: Database) -> str:
    draft = papers.files.receive(BODY, Use(name="test.paper", kinds=(Kind.CSV,)), "daftar.csv")
    papers.links.make("x", "y")  # its key is made with the first link
    with db.begin() as tx:
        return papers.files.keep(tx, draft, record="r1", by="p1", subject="s1").id


def read(papers: Papers, db: Database, file: str) -> bytes:
    with db.read() as tx:
        content = papers.files.find(tx, file)
    return b"".join(papers.files.read(content))
