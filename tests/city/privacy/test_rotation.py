"""A new key while all goes on: nothing becomes unreadable, whoever writes meanwhile and whoever is killed."""

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, update

from city.audit import Trail
from city.db import Database, Lease, upgrade
from city.errors import LeaseLost
from city.privacy import KeyFile, Vault, rotation
from city.privacy.errors import BadKeys, Erased, InUse, KeyMissing
from city.privacy.keks import current, prepare
from city.privacy.tables import keks, records
from runtime.clock import Fake, System
from tests.city.privacy.safe import FIELDS, HISTORIES, KIND, PHONE, got, put


def by_key(db: Database, keys: KeyFile) -> list[tuple[str, int]]:
    return [(state.word, state.records) for state in rotation.status(db, keys)]


def test_all_records_come_under_the_new_key(db: Database, vault: Vault, keys: KeyFile, clock: Fake) -> None:
    for number in range(7):
        put(db, vault, f"r{number}")
    with db.begin() as tx:
        vault.erase(tx, KIND, "r6")
    clock.advance(60)
    told: list[int] = []
    done = rotation.rotate(db, keys, clock, batch=3, told=told.append)
    assert (done.wrapped, done.left, done.failed, done.resumed) == (6, 0, (), False)
    assert told[:3] == [0, 3, 6]
    assert by_key(db, keys) == [("old", 0), ("current", 6)]
    assert all(got(db, vault, f"r{number}") == FIELDS for number in range(6))
    with db.read() as tx:
        assert len(vault.find(tx, KIND, "phone", PHONE)) == 6, "the index does not change"


def test_a_rotation_that_was_cut_off_is_ended_first(
    db: Database, vault: Vault, keys: KeyFile, clock: Fake
) -> None:
    for number in range(4):
        put(db, vault, f"r{number}")
    clock.advance(60)

    def cut(count: int) -> None:
        if count == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotation.rotate(db, keys, clock, batch=2, told=cut)
    assert by_key(db, keys) == [("old", 2), ("current", 2)]
    assert all(got(db, vault, f"r{number}") == FIELDS for number in range(4))
    done = rotation.rotate(db, keys, clock)
    assert (done.resumed, done.wrapped) == (True, 2)
    assert by_key(db, keys) == [("old", 0), ("current", 4)], "no third key"


def test_a_key_that_was_made_before_is_taken(db: Database, vault: Vault, keys: KeyFile, clock: Fake) -> None:
    put(db, vault, "a")
    clock.advance(60)
    waiting = rotation.prepare(db, keys)
    assert rotation.prepare(db, keys) == waiting
    assert by_key(db, keys) == [("current", 1), ("waiting", 0)]
    assert rotation.rotate(db, keys, clock).key == waiting
    assert len(keys.known()) == 2


def test_two_rotations_do_not_meet(db: Database, vault: Vault, keys: KeyFile, clock: Fake) -> None:
    other = Database(db.address.render_as_string(hide_password=False))
    assert Lease(other, rotation.LEASE, clock).take()
    with pytest.raises(LeaseLost):
        rotation.rotate(db, keys, clock)
    other.close()
    assert by_key(db, keys) == [("current", 0)]


def test_old_and_new_writers_beside_it(db: Database, keys: KeyFile, vault: Vault) -> None:
    """Threads seal new records, change and erase old ones while keys are rotated twice."""
    stop = threading.Event()
    for number in range(8):
        put(db, vault, f"old{number:02}")

    def write(writer: int) -> int:
        number = 0
        while not stop.is_set() or not number:
            put(db, vault, f"{writer}-{number}")
            put(db, vault, f"old{(3 * number + writer) % 8:02}", name=f"{writer}-{number}")
            number += 1
        return number

    with ThreadPoolExecutor(2) as threads:
        writers = [threads.submit(write, writer) for writer in range(2)]
        try:
            for _ in range(2):
                rotation.rotate(db, keys, System(), batch=4)
        finally:
            stop.set()
        made = [writer.result(60) for writer in writers]
    while rotation.rotate(db, keys, System()).resumed:
        pass
    assert len([state for state in rotation.status(db, keys) if state.records]) == 1
    for writer, count in enumerate(made):
        assert all(got(db, vault, f"{writer}-{number}") == FIELDS for number in range(count))
    assert all(got(db, vault, f"old{number:02}")["phone"] == PHONE for number in range(8))


def test_a_damaged_record_does_not_stop_the_rest(
    db: Database, vault: Vault, keys: KeyFile, clock: Fake
) -> None:
    for record in "abc":
        put(db, vault, record)
    with db.begin() as tx:
        tx.execute(update(records).where(records.c.record == "b").values(wrapped=b"\1" + b"x" * 60))
    clock.advance(60)
    done = rotation.rotate(db, keys, clock)
    assert (done.wrapped, done.failed, done.left) == (2, ((KIND, "b"),), 0)
    clock.advance(60)
    assert rotation.rotate(db, keys, clock).wrapped == 2, "what cannot be opened holds up no later rotation"


def test_an_old_key_is_retired_when_nothing_needs_it(
    db: Database, vault: Vault, keys: KeyFile, clock: Fake
) -> None:
    put(db, vault, "a")
    (old,) = keys.known()
    with pytest.raises(InUse, match="current"):
        rotation.retire(db, keys, old)
    clock.advance(60)
    rotation.rotate(db, keys, clock)
    with db.begin() as tx:
        tx.execute(update(records).values(kek=old))
    with pytest.raises(InUse, match="1 records"):
        rotation.retire(db, keys, old)
    with db.begin() as tx:
        tx.execute(update(records).values(kek=current(tx)))
    rotation.retire(db, keys, old)
    assert by_key(db, keys) == [("current", 1)]
    assert old not in keys.known()
    assert got(db, vault, "a") == FIELDS


def test_retiring_waits_for_a_record_that_is_being_wrapped(postgres_url: str, tmp_path: Path) -> None:
    db = Database(postgres_url)
    upgrade(db, HISTORIES)
    keys = KeyFile(tmp_path / "k.json", clock=System())
    old = prepare(db, keys, System())
    vault = Vault(db, keys, clock=System())
    with ThreadPoolExecutor(1) as threads:
        with db.begin() as tx:
            vault.seal(tx, kind=KIND, record="late", subject="", fields=FIELDS)
            rotation.rotate(db, keys, System())
            retiring = threads.submit(rotation.retire, db, keys, old)
            with pytest.raises(TimeoutError):
                retiring.result(0.3)
        with pytest.raises(InUse):
            retiring.result(20)
    assert got(db, vault, "late") == FIELDS
    db.close()


class TestStarts:
    """A database that names a key never gets another one by itself."""

    def test_the_first_makes_a_key(self, db: Database, keys: KeyFile, clock: Fake) -> None:
        made = prepare(db, keys, clock)
        assert list(keys.known()) == [made]
        assert prepare(db, keys, clock) == made

    def test_without_its_file(self, db: Database, vault: Vault, keys: KeyFile, clock: Fake) -> None:
        keys.where.unlink()
        with pytest.raises(KeyMissing) as missing:
            prepare(db, KeyFile(keys.where, clock=clock), clock)
        assert "put the key file back" in missing.value.cure
        assert not keys.where.exists()

    def test_two_at_once_agree(self, db: Database, tmp_path: Path, clock: Fake) -> None:
        """With a file each, one of them is told that its file is not the right one."""
        start = threading.Barrier(2)

        def begin(folder: str) -> str:
            start.wait(20)
            try:
                return prepare(db, KeyFile(tmp_path / folder / "k.json", clock=clock), clock)
            except KeyMissing:
                return ""

        with ThreadPoolExecutor(2) as threads:
            found = set(threads.map(begin, ["one", "two"]))
        assert len(found - {""}) == 1
        with db.read() as tx:
            assert tx.execute(select(keks.c.id)).scalars().all() == list(found - {""})

    def test_wide_rights_stop_it(self, db: Database, vault: Vault, keys: KeyFile, clock: Fake) -> None:
        keys.where.chmod(0o644)
        with pytest.raises(BadKeys):
            prepare(db, KeyFile(keys.where, clock=clock), clock)


def test_a_lost_key_is_given_up(db: Database, vault: Vault, keys: KeyFile, clock: Fake) -> None:
    put(db, vault, "a")
    (lost,) = keys.known()
    with pytest.raises(InUse):
        rotation.abandon(db, vault, lost, Trail(clock=clock))
    keys.where.unlink()
    fresh = KeyFile(keys.where, clock=clock)
    assert by_key(db, fresh) == [("missing", 1)]
    empty = Vault(db, fresh, clock=clock)
    assert rotation.abandon(db, empty, lost, Trail(clock=clock)) == 1
    assert prepare(db, fresh, clock) != lost
    with pytest.raises(Erased):
        got(db, empty, "a")
    put(db, empty, "b")
    assert got(db, empty, "b") == FIELDS


VICTIM = """
import os, signal, sys
from pathlib import Path
from city.db import Database
from city.privacy import KeyFile, rotation
from runtime.clock import System
db = Database(sys.argv[1])
def told(count):
    if count >= int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
rotation._HELD = 0.001
rotation.rotate(db, KeyFile(Path(sys.argv[2]), clock=System()), System(), batch=2, told=told)
"""


def test_killed_and_called_again(
    db: Database, vault: Vault, keys: KeyFile, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "_HELD", 30.0)
    for number in range(6):
        put(db, vault, f"r{number}")
    url = db.address.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-c", VICTIM, url, keys.where, "4"], cwd=root, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert [state.records for state in rotation.status(db, keys)] in ([2, 4], [4, 2])
    assert all(got(db, vault, f"r{number}") == FIELDS for number in range(6))
    ended = rotation.rotate(db, keys, System())
    assert (ended.resumed, ended.wrapped) == (True, 2)
    assert all(got(db, vault, f"r{number}") == FIELDS for number in range(6))
