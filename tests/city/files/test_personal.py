"""With the real vault: what a person has is told to him, and erased as far as the law lets it go."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from city.audit import Trail
from city.audit.history import HISTORY as AUDIT
from city.db import Database
from city.files import Files, Kind, Use
from city.files.errors import Missing
from city.files.history import HISTORY
from city.files.personal import hook
from city.files.shelf import Shelf
from city.history import HISTORY as CITY
from city.privacy import KeyFile, Subjects, Vault, keks
from city.privacy.history import HISTORY as PRIVACY
from runtime.clock import Fake
from runtime.ids import factory
from tests.fixtures.tables import ready

PAPER = Use(name="test.paper", kinds=(Kind.CSV,))
LETTER = Use(name="test.letter", kinds=(Kind.CSV,))
GROUND = "UU 43/2009: arsip surat"
SECRET = b"Nama;NIK\r\nSiti;3274010101900001\r\n"


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = ready(city_url, [CITY, AUDIT, PRIVACY, HISTORY])
    yield database
    database.close()


@pytest.fixture
def real(db: Database, clock: Fake, tmp_path: Path) -> Vault:
    keys = KeyFile(tmp_path / "keys" / "vault.json", clock=clock)
    keks.prepare(db, keys, clock)
    return Vault(db, keys, clock=clock)


@pytest.fixture
def files(db: Database, shelf: Shelf, real: Vault, clock: Fake) -> Files:
    return Files(db, shelf, real, clock=clock, ids=factory(clock))


@pytest.fixture
def subjects(db: Database, files: Files, real: Vault, clock: Fake) -> Subjects:
    trail = Trail(clock=clock)
    hooks = [hook(files, {LETTER.name: GROUND})]
    return Subjects(db, vault=real, trail=trail, clock=clock, ids=factory(clock), hooks=hooks)


def kept(db: Database, files: Files, use: Use, subject: str) -> str:
    draft = files.receive(SECRET, use, "Siti Nurhaliza.csv")
    with db.begin() as tx:
        return files.keep(tx, draft, record="r1", by="p1", subject=subject).id


def test_what_the_vault_seals_is_read_again_and_lies_nowhere_in_clear(
    db: Database, files: Files, tmp_path: Path
) -> None:
    file = kept(db, files, PAPER, "s1")
    with db.read() as tx:
        content = files.find(tx, file)
    assert content.file.name == "Siti Nurhaliza.csv"
    assert b"".join(files.read(content)) == SECRET
    for path in tmp_path.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            assert b"3274010101900001" not in body
            assert b"Nurhaliza" not in body


def test_a_person_is_told_and_erased(db: Database, files: Files, subjects: Subjects) -> None:
    paper, letter = kept(db, files, PAPER, "s1"), kept(db, files, LETTER, "s1")
    other = kept(db, files, PAPER, "s2")
    export = subjects.export("s1", by="s1")
    assert {one["name"] for one in export.data["files"]["files.file"]} == {"Siti Nurhaliza.csv"}
    report = subjects.erase("s1", by="p1")
    assert [(part.erased, part.kept, part.why) for part in report.parts["files"]] == [
        (1, 0, ""),
        (0, 1, GROUND),
    ]
    with db.read() as tx:
        with pytest.raises(Missing):
            files.find(tx, paper)
        assert [files.find(tx, one).file.id for one in (letter, other)] == [letter, other]
    assert subjects.export("s2", by="s2").data["files"]["files.file"][0]["id"] == other
