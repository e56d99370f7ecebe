"""Files are kept with their record, shared where they are the same, and gone when nobody refers to them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from city.db import Database, check
from city.db.migrate import differences
from city.files import File, Files, Kind, Settings, Use
from city.files.errors import Away, Damaged, Late, Missing
from city.files.history import HISTORY
from city.files.shelf import Shelf
from city.files.sweep import Sweep, lacking
from city.files.tables import contents, strays
from city.files.tables import files as rows
from runtime.clock import Fake
from tests.city.files import makers
from tests.city.files.conftest import Drawer

OPEN = Use(name="test.open", kinds=(Kind.PDF, Kind.CSV), personal=False)
PERSONAL = Use(name="test.paper", kinds=(Kind.PDF, Kind.CSV))
SECRET = b"Nama;NIK\r\nSiti;3274010101010001\r\n"


def kept(
    db: Database, files: Files, body: bytes, use: Use = OPEN, record: str = "r1", subject: str = ""
) -> File:
    draft = files.receive(body, use, "berkas Siti.pdf")
    with db.begin() as tx:
        return files.keep(tx, draft, record=record, by="p1", subject=subject)


def read(db: Database, files: Files, file: str) -> bytes:
    with db.read() as tx:
        content = files.find(tx, file)
    return b"".join(files.read(content))


def lying(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "files").rglob("*") if path.is_file()]


def refs(db: Database) -> list[int]:
    with db.read() as tx:
        return list(tx.execute(select(contents.c.refs).order_by(contents.c.digest)).scalars())


def test_migrations_make_what_the_code_declares(db: Database) -> None:
    check(db, [HISTORY])
    assert differences(db, HISTORY) == []


@pytest.mark.parametrize("use", [OPEN, PERSONAL], ids=["open", "personal"])
def test_what_is_kept_is_read_again(db: Database, files: Files, use: Use) -> None:
    body = makers.pdf(makers.stream(bytes(200_000), packed=False))
    file = kept(db, files, body, use)
    with db.read() as tx:
        content = files.find(tx, file.id)
        assert files.of(tx, record="r1") == [file]
    assert content.file == file
    assert (file.name, file.size, file.kind) == ("berkas Siti.pdf", len(body), Kind.PDF)
    assert b"".join(files.read(content)) == body
    assert b"".join(files.read(content, 70_000, 70_010)) == body[70_000:70_010]


def test_a_personal_one_lies_nowhere_in_clear(db: Database, files: Files, tmp_path: Path) -> None:
    file = kept(db, files, SECRET, PERSONAL, subject="s1")
    assert read(db, files, file.id) == SECRET
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"3274010101010001" not in path.read_bytes()
            assert b"Siti" not in path.read_bytes()
    with db.read() as tx:
        row = tx.execute(select(rows)).mappings().one()
    assert "Siti" not in str(dict(row))


def test_the_same_open_content_lies_there_once(
    db: Database, files: Files, sweep: Sweep, clock: Fake, tmp_path: Path
) -> None:
    one, two = (kept(db, files, SECRET, record=record) for record in ("r1", "r2"))
    assert one.digest == two.digest
    assert refs(db) == [2]
    clock.advance(90_000)
    assert sweep.once() == 1  # the copy that nobody needed
    assert len(lying(tmp_path)) == 1
    with db.begin() as tx:
        files.drop(tx, one.id)
        files.drop(tx, one.id)
    assert refs(db) == [1]
    assert read(db, files, two.id) == SECRET


def test_the_same_personal_content_is_never_told_to_be_the_same(db: Database, files: Files) -> None:
    assert kept(db, files, SECRET, PERSONAL).digest != kept(db, files, SECRET, PERSONAL).digest


def test_what_is_rolled_back_was_never_kept(
    db: Database, files: Files, sweep: Sweep, clock: Fake, tmp_path: Path
) -> None:
    draft = files.receive(SECRET, OPEN, "x")
    with pytest.raises(RuntimeError), db.begin() as tx:
        files.keep(tx, draft, record="r1", by="p1")
        raise RuntimeError
    with db.read() as tx:
        assert files.of(tx, record="r1") == []
    assert sweep.once() == 0  # it may still be kept
    with db.begin() as tx:
        file = files.keep(tx, draft, record="r1", by="p1")
    clock.advance(90_000)
    assert sweep.once() == 0
    assert read(db, files, file.id) == SECRET


def test_an_upload_that_nobody_kept_is_swept(
    db: Database, files: Files, sweep: Sweep, clock: Fake, tmp_path: Path
) -> None:
    draft = files.receive(SECRET, OPEN, "x")
    clock.advance(86_000)
    assert sweep.once() == 0
    clock.advance(1_000)
    assert sweep.once() == 1
    assert lying(tmp_path) == []
    with pytest.raises(Late, match="send it again"), db.begin() as tx:
        files.keep(tx, draft, record="r1", by="p1")
    assert refs(db) == []


def test_what_is_let_go_is_swept_after_a_while(
    db: Database, files: Files, sweep: Sweep, clock: Fake, tmp_path: Path, vault: Drawer
) -> None:
    file = kept(db, files, SECRET, PERSONAL)
    with db.begin() as tx:
        files.drop(tx, file.id)
    assert not vault._kept  # the key is gone at once
    assert len(lying(tmp_path)) == 1
    clock.advance(3_700)
    assert sweep.once() == 1
    assert lying(tmp_path) == []
    with pytest.raises(Missing), db.read() as tx:
        files.find(tx, file.id)


def test_what_is_kept_again_before_it_is_swept_stays(
    db: Database, files: Files, sweep: Sweep, clock: Fake
) -> None:
    first = kept(db, files, SECRET)
    with db.begin() as tx:
        files.drop(tx, first.id)
    clock.advance(3_700)
    again = kept(db, files, SECRET)
    sweep.once()
    assert read(db, files, again.id) == SECRET


def test_a_crash_while_it_is_put_down_leaves_nothing(
    db: Database,
    files: Files,
    sweep: Sweep,
    clock: Fake,
    shelf: Shelf,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = shelf.write

    def half(path: str, body: bytes) -> None:
        real(path, body[:5])
        raise Away("killed")

    monkeypatch.setattr(shelf, "write", half)
    with pytest.raises(Away):
        files.receive(SECRET, OPEN, "x")
    assert len(lying(tmp_path)) == 1
    clock.advance(90_000)
    assert sweep.once() == 1
    assert lying(tmp_path) == []


def test_a_crash_while_it_is_removed_is_made_good(
    db: Database,
    files: Files,
    sweep: Sweep,
    clock: Fake,
    shelf: Shelf,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(3):
        files.receive(SECRET + b"%d" % number, OPEN, "x")
    clock.advance(90_000)
    real, calls = shelf.remove, iter(range(10))

    def dying(path: str) -> None:
        if next(calls) == 1:
            raise Away("killed")
        real(path)

    monkeypatch.setattr(shelf, "remove", dying)
    with pytest.raises(Away):
        sweep.once()
    assert len(lying(tmp_path)) == 2
    assert sweep.once() == 3
    assert lying(tmp_path) == []
    with db.read() as tx:
        assert not tx.execute(select(strays)).all()


def test_erasure_takes_all_of_a_person(db: Database, files: Files) -> None:
    mine = [kept(db, files, SECRET, PERSONAL, record=record, subject="s1") for record in ("r1", "r2")]
    other = kept(db, files, SECRET, PERSONAL, record="r3", subject="s2")
    with db.begin() as tx:
        assert {file.id for file in files.of(tx, subject="s1")} == {file.id for file in mine}
        assert files.drop_all(tx, subject="s1") == 2
        assert files.drop_all(tx, subject="s1") == 0
    assert read(db, files, other.id) == SECRET
    for file in mine:
        with pytest.raises(Missing), db.read() as tx:
            files.find(tx, file.id)
    with pytest.raises(ValueError, match="record or a subject"), db.begin() as tx:
        files.drop_all(tx)


def test_a_destroyed_key_is_as_good_as_gone(db: Database, files: Files, vault: Drawer) -> None:
    file = kept(db, files, SECRET, PERSONAL)
    vault._kept.clear()
    with pytest.raises(Missing), db.read() as tx:
        files.find(tx, file.id)


@pytest.mark.parametrize("use", [OPEN, PERSONAL], ids=["open", "personal"])
def test_a_changed_content_is_told(db: Database, files: Files, tmp_path: Path, use: Use) -> None:
    file = kept(db, files, SECRET, use)
    (path,) = lying(tmp_path)
    body = bytearray(path.read_bytes())
    body[-1] ^= 1
    path.write_bytes(body)
    with pytest.raises(Damaged):
        read(db, files, file.id)


def test_what_lacks_is_found(db: Database, files: Files, shelf: Shelf, tmp_path: Path) -> None:
    kept(db, files, SECRET)
    gone = kept(db, files, SECRET + b"2")
    assert lacking(db, shelf) == []
    with db.read() as tx:
        path = files.find(tx, gone.id).path
    shelf.remove(path)
    (lack,) = lacking(db, shelf)
    assert (lack.digest, lack.wanted, lack.found) == (gone.digest, len(SECRET) + 1, None)


def test_uploads_lets_and_sweeps_at_once_lose_nothing(
    db: Database, files: Files, sweep: Sweep, clock: Fake
) -> None:
    """Two contents, kept and let go by many while a sweep with no patience runs: what is kept can be read."""
    hasty = Sweep(db, sweep._shelf, clock, Settings(linger=-1.0, abandoned=10_000.0))
    done = threading.Event()

    def sweeping() -> None:
        while not done.is_set():
            hasty.once()

    def working(number: int) -> str:
        body = SECRET + b"%d" % (number % 2)
        for _ in range(4):
            file = kept(db, files, body, record=f"w{number}")
            assert read(db, files, file.id) == body
            with db.begin() as tx:
                files.drop(tx, file.id)
        return kept(db, files, body, record=f"w{number}").id

    with ThreadPoolExecutor(9) as pool:
        broom = pool.submit(sweeping)
        try:
            last = list(pool.map(working, range(8)))
        finally:
            done.set()
        broom.result()
    hasty.once()
    for number, file in enumerate(last):
        assert read(db, files, file) == SECRET + b"%d" % (number % 2)
    assert refs(db) == [4, 4]
    assert lacking(db, sweep._shelf) == []
