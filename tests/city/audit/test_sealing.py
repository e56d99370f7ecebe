"""Every entry comes under exactly one seal, whoever commits when and whoever is killed where."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from city.audit import CITY, PROTECTED, Sealer, Settings, Trail, Witness, sealing
from city.audit.sealer import LEASE
from city.audit.tables import entries, seals
from city.db import Database, Lease, upgrade
from city.errors import LeaseLost
from city.privacy.errors import BadKeys
from runtime.clock import Fake, System
from tests.city.audit.books import HISTORIES, entry, note, report, sign


def sealed(db: Database, chain: str = CITY) -> list[tuple[int, list[str]]]:
    """Records under each seal."""
    with db.read() as tx:
        numbers = tx.execute(select(seals.c.number).where(seals.c.chain == chain).order_by(seals.c.number))
        rows = select(entries.c.record).where(entries.c.chain == chain).order_by(entries.c.id)
        return [
            (number, list(tx.execute(rows.where(entries.c.seal == number)).scalars()))
            for number in numbers.scalars()
        ]


def test_a_seal_holds_so_many(db: Database, clock: Fake, sealer: Sealer, settings: Settings) -> None:
    note(db, clock, 6)
    note(db, clock, 1, chain=PROTECTED, first=9)
    assert sealer.turn() == 7
    assert sealed(db) == [(1, ["r-1", "r-2", "r-3", "r-4"]), (2, ["r-5", "r-6"])]
    assert sealed(db, PROTECTED) == [(1, ["r-9"])]
    assert sealer.turn() == 0
    for chain in (CITY, PROTECTED):
        found = report(db, settings.witness, chain)
        assert (found.ok, found.notices, found.waiting) == (True, (), 0)
        assert found.witnessed == found.last - found.first + 1


def test_the_witness_has_each_seal(db: Database, clock: Fake, sealer: Sealer, settings: Settings) -> None:
    note(db, clock, 9)
    sealer.turn()
    lines = list(Witness(settings.witness, CITY, clock=clock).lines())
    with db.read() as tx:
        kept = tx.execute(select(seals.c.number, seals.c.hash).order_by(seals.c.number)).all()
    assert [(line.seal, line.hash) for line in lines if not isinstance(line, str)] == [
        (row.number, row.hash.hex()) for row in kept
    ]
    assert (settings.witness / "city.seals").stat().st_mode & 0o007 == 0


def test_a_row_that_commits_late_comes_under_a_later_seal(
    postgres_url: str, clock: Fake, tmp_path: Path
) -> None:
    db = Database(postgres_url)
    upgrade(db, HISTORIES)
    sealer = Sealer(db, clock, settings=Settings(witness=tmp_path))
    inserted, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with db.begin() as tx:
            Trail(clock=clock).note(tx, entry(1))
            inserted.set()
            assert go_on.wait(20)

    with ThreadPoolExecutor(1) as thread:
        late = thread.submit(slow)
        assert inserted.wait(20)
        note(db, clock, 2, first=2)
        sealer.turn()
        go_on.set()
        late.result(20)
    sealer.turn()
    assert sealed(db) == [(1, ["r-2", "r-3"]), (2, ["r-1"])]
    assert report(db, tmp_path).ok
    db.close()


def test_many_writers_and_two_sealers_at_once(db: Database, settings: Settings) -> None:
    stop = threading.Event()

    def write(writer: int) -> None:
        for number in range(12):
            note(db, System(), 2, first=100 * writer + 2 * number)

    def seal() -> None:
        other = Database(db.address.render_as_string(hide_password=False))
        sealer = Sealer(other, System(), settings=settings, sign=sign)
        while not stop.is_set():
            sealer.turn()
        sealer._give_back()
        other.close()

    with ThreadPoolExecutor(5) as threads:
        sealers = [threads.submit(seal) for _ in range(2)]
        for writer in [threads.submit(write, writer) for writer in (1, 2, 3)]:
            writer.result(60)
        stop.set()
        for sealing_ in sealers:
            sealing_.result(60)
    last = Sealer(db, System(), settings=settings, sign=sign)
    last.turn()
    found = report(db, settings.witness, signed=True)
    assert (found.ok, found.entries, found.waiting) == (True, 72, 0), found.faults


def test_who_lost_the_lease_seals_nothing(db: Database, clock: Fake) -> None:
    note(db, clock, 1)
    mine, other = Lease(db, LEASE, clock), Database(db.address.render_as_string(hide_password=False))
    assert mine.take()
    with pytest.raises(LeaseLost):
        sealing.seal(other, Lease(other, LEASE, clock), CITY, now=1, most=10)
    other.close()
    assert sealed(db) == []
    assert sealing.seal(db, mine, CITY, now=1, most=10) == 1


def test_what_another_sealed_between_look_and_lease_is_not_sealed_twice(
    db: Database, clock: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(db, clock, 2)
    lease = Lease(db, LEASE, clock)
    assert lease.take()
    guard = lease.guard
    calls = [0]

    def meanwhile(tx: object) -> None:
        calls[0] += 1
        guard(tx)  # type: ignore[arg-type]
        tx.execute(entries.update().values(seal=7))  # type: ignore[attr-defined]

    monkeypatch.setattr(lease, "guard", meanwhile)
    with pytest.raises(LeaseLost):
        sealing.seal(db, lease, CITY, now=1, most=10)
    assert calls == [1]
    assert sealed(db) == []


def test_killed_between_database_and_witness(db: Database, clock: Fake, settings: Settings) -> None:
    """The one place where a kill leaves something: a seal that the file outside does not have yet."""
    note(db, clock, 9)
    lease = Lease(db, LEASE, clock)
    assert lease.take()
    Sealer(db, clock, settings=settings).turn()
    note(db, clock, 1)
    assert sealing.seal(db, lease, CITY, now=clock.now(), most=10) == 1
    before = report(db, settings.witness)
    assert before.ok
    assert before.notices == ("1 seals from 4 on are not in the file outside yet",)
    Sealer(db, clock, settings=settings).turn()
    after = report(db, settings.witness)
    assert (after.ok, after.notices, after.witnessed) == (True, (), 4)


def test_a_torn_line_is_written_again(db: Database, clock: Fake, settings: Settings) -> None:
    note(db, clock, 4)
    Sealer(db, clock, settings=settings).turn()
    path = settings.witness / "city.seals"
    path.write_bytes(path.read_bytes()[:-20])  # the power failed within the write
    assert report(db, settings.witness).faults[0].reason.startswith("the file outside is empty")
    note(db, clock, 1)
    Sealer(db, clock, settings=settings).turn()
    assert (report(db, settings.witness).ok, report(db, settings.witness).witnessed) == (True, 2)
    assert len(path.read_bytes().splitlines()) == 3


def test_a_witness_that_cannot_be_written_stops_the_sealing(
    db: Database, clock: Fake, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    sealer = Sealer(db, clock, settings=Settings(witness=tmp_path / "file"))
    note(db, clock, 1)
    assert sealer.turn() == 0
    assert "file" in sealer.trouble
    assert sealed(db) == []
    (tmp_path / "file").unlink()
    assert sealer.turn() == 1
    assert not sealer.trouble


def test_a_key_that_is_not_at_hand_stops_the_sealing_and_nothing_else(
    db: Database, clock: Fake, settings: Settings
) -> None:
    def away(message: bytes) -> bytes:
        raise BadKeys(settings.witness, "others may read or change it", "chmod 600")

    note(db, clock, 1)
    sealer = Sealer(db, clock, settings=settings, sign=away)
    assert sealer.turn() == 0
    assert "others may read" in sealer.trouble
    assert sealed(db) == []


def test_a_database_that_is_not_the_witnessed_one_is_not_sealed(
    db: Database, clock: Fake, settings: Settings, tmp_path: Path
) -> None:
    note(db, clock, 9)
    Sealer(db, clock, settings=settings).turn()
    older = Database(f"sqlite:///{tmp_path / 'older.sqlite'}")
    upgrade(older, HISTORIES)
    note(older, clock, 1)
    sealer = Sealer(older, clock, settings=settings)
    assert sealer.turn() == 0
    assert "witnessed" in sealer.trouble
    note(older, clock, 1)
    assert sealer.turn() == 0
    assert not report(older, settings.witness).ok
    Witness(settings.witness, CITY, clock=clock).restored(older, "by p-1: put back after the disk broke")
    assert sealer.turn() == 2
    found = report(older, settings.witness)
    assert found.ok
    assert found.notices[0].startswith("a backup was put back and 3 seals after 0 lost: by p-1: put back")
    older.close()


def test_numbers_are_given_once(db: Database, clock: Fake, sealer: Sealer) -> None:
    note(db, clock, 1)
    sealer.turn()
    with pytest.raises(Exception, match=r"(?i)unique"), db.begin() as tx:
        row = tx.execute(select(seals)).one()._asdict()
        tx.execute(insert(seals).values(**row))
