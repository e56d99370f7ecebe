"""A new key for look-ups while all goes on: nobody is missed, nobody comes in twice, whoever is killed."""

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from city.db import Database
from city.privacy import KeyFile, Vault, lookups
from city.privacy.errors import InUse, KeyMissing, Taken
from city.privacy.generations import named
from city.privacy.keks import prepare
from city.privacy.lookups import OURS
from city.privacy.tables import blinds
from runtime.clock import Fake, System
from tests.city.privacy.safe import FIELDS, KIND, NIK, PHONE, put

ONE = (OURS,)


def found(db: Database, vault: Vault, value: str = PHONE, name: str = "phone") -> tuple[str, ...]:
    with db.read() as tx:
        return vault.find(tx, KIND, name, value)


def digests(db: Database) -> set[str]:
    with db.read() as tx:
        return set(tx.execute(select(blinds.c.digest)).scalars())


def in_use(db: Database) -> list[str]:
    with db.read() as tx:
        return list(named(tx))


def test_all_are_found_by_the_new_key_and_none_by_the_old(
    db: Database, vault: Vault, keys: KeyFile, clock: Fake
) -> None:
    for number in range(5):
        put(db, vault, f"r{number}")
    with db.begin() as tx:
        vault.erase(tx, KIND, "r4")
    before = digests(db)
    told: list[int] = []
    done = lookups.rotate(db, vault, ONE, clock, batch=2, told=told.append)
    assert (done.moved, done.left, done.failed, done.resumed) == (12, 0, (), False)
    assert told[1:3] == [6, 12]
    assert in_use(db) == [done.generation]
    assert not before & digests(db)
    for name, value in (("phone", "0812 3456 7890"), ("nik", NIK), ("email", "SITI@contoh.id")):
        assert found(db, vault, value, name) == ("r0", "r1", "r2", "r3")
    put(db, vault, "r0", name="Siti")
    assert len(digests(db)) == 3
    assert lookups.rotate(db, vault, ONE, clock).moved == 12, "and again"


def test_meanwhile_a_value_is_found_by_both_and_taken_by_one(
    db: Database, vault: Vault, keys: KeyFile, clock: Fake
) -> None:
    def claim(record: str, **fields: str) -> None:
        with db.begin() as tx:
            vault.seal(
                tx, kind=KIND, record=record, subject="", fields=fields, index=fields, unique=tuple(fields)
            )

    claim("old", phone=PHONE)
    claim("other", phone="+6281234567891")

    def cut(count: int) -> None:
        if count == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lookups.rotate(db, vault, ONE, clock, batch=1, told=cut)
    assert len(in_use(db)) == 2
    claim("new", phone="+6281234567892")
    assert [found(db, vault, f"+628123456789{number}") for number in range(3)] == [
        ("old",),
        ("other",),
        ("new",),
    ]
    for number in range(3):  # found by the new key, by the old one, and never seen by the old one
        with pytest.raises(Taken):
            claim("thief", phone=f"+628123456789{number}")
    done = lookups.rotate(db, vault, ONE, clock)
    assert (done.resumed, done.moved, len(in_use(db))) == (True, 1, 1)
    for number in range(3):
        with pytest.raises(Taken):
            claim("thief", phone=f"+628123456789{number}")


def test_writers_and_readers_beside_it(db: Database, vault: Vault) -> None:
    """Threads claim values and look them up while the key is rotated: each has one owner, always found."""
    stop = threading.Event()
    missed: list[str] = []
    phones = [f"+62812345678{number:02}" for number in range(10, 40)]

    def write(writer: int) -> list[tuple[str, str]]:
        won: list[tuple[str, str]] = []
        while not stop.is_set():
            for number, phone in enumerate(phones):
                record = f"{writer}-{number}"
                try:
                    with db.begin() as tx:
                        vault.seal(
                            tx,
                            kind=KIND,
                            record=record,
                            subject="",
                            fields={"phone": phone},
                            index={"phone": phone},
                            unique=("phone",),
                        )
                    won.append((phone, record))
                except Taken:
                    pass
                if not found(db, vault, phone):
                    missed.append(phone)
        return won

    with ThreadPoolExecutor(2) as threads:
        writers = [threads.submit(write, writer) for writer in range(2)]
        try:
            for _ in range(2):
                lookups.rotate(db, vault, ONE, System(), batch=3)
        finally:
            stop.set()
        won = {pair for writer in writers for pair in writer.result(60)}
    assert missed == []
    owners = {phone: {record for of, record in won if of == phone} for phone in phones}
    assert {len(one) for one in owners.values()} <= {0, 1}
    while lookups.rotate(db, vault, ONE, System()).left:
        pass
    assert all(found(db, vault, phone) == tuple(owners[phone]) for phone in phones)


def test_what_is_not_among_the_fields_stays_findable_and_is_told(
    db: Database, vault: Vault, keys: KeyFile, clock: Fake
) -> None:
    put(db, vault, "a")
    with db.begin() as tx:
        index = {"phone": PHONE, "nik": "3274014107900003"}
        vault.seal(
            tx, kind=KIND, record="b", subject="", fields={"name": "x", "more": [{"p": PHONE}]}, index=index
        )
    done = lookups.rotate(db, vault, ONE, clock)
    assert (done.moved, done.left, done.failed) == (4, 1, (f"{KIND} b",))
    assert found(db, vault, "3274014107900003", "nik") == ("b",)
    assert lookups.rotate(db, vault, ONE, clock).moved == 4, "it holds up no later rotation"
    assert found(db, vault, "3274014107900003", "nik") == ("b",)
    assert len(in_use(db)) == 2


def test_an_old_key_is_destroyed_when_nothing_is_found_by_it(
    db: Database, vault: Vault, keys: KeyFile, clock: Fake
) -> None:
    put(db, vault, "a")
    first = lookups.rotate(db, vault, ONE, clock).generation
    with pytest.raises(InUse, match="looked up by"):
        lookups.retire(db, keys, first)
    waiting = lookups.prepare(db, keys)
    assert lookups.prepare(db, keys) == waiting
    assert lookups.rotate(db, vault, ONE, clock).generation == waiting
    lookups.retire(db, keys, first)
    assert list(keys.generations()) == [waiting]
    assert found(db, vault) == ("a",)


def test_a_start_without_the_key_is_refused(db: Database, vault: Vault, keys: KeyFile, clock: Fake) -> None:
    saved = keys.where.read_bytes()
    newest = lookups.rotate(db, vault, ONE, clock).generation
    keys.where.write_bytes(saved)
    with pytest.raises(KeyMissing, match=newest):
        prepare(db, KeyFile(keys.where, clock=clock), clock)


VICTIM = """
import os, signal, sys
from pathlib import Path
from city.db import Database
from city.privacy import KeyFile, Vault, lookups
from runtime.clock import System
db = Database(sys.argv[1])
def told(count):
    if count >= int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
lookups._HELD = 0.001
vault = Vault(db, KeyFile(Path(sys.argv[2]), clock=System()), clock=System())
lookups.rotate(db, vault, [lookups.OURS], System(), batch=1, told=told)
"""


def test_killed_and_called_again(db: Database, vault: Vault, keys: KeyFile, root: Path) -> None:
    for number in range(4):
        put(db, vault, f"r{number}")
    url = db.address.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-c", VICTIM, url, keys.where, "6"], cwd=root, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL
    everybody = tuple(f"r{number}" for number in range(4))
    assert (len(in_use(db)), found(db, vault)) == (2, everybody)
    ended = lookups.rotate(db, vault, ONE, System())
    assert (ended.resumed, ended.moved, ended.left) == (True, 6, 0)
    assert (in_use(db), found(db, vault)) == ([ended.generation], everybody)
    assert [state.word for state in lookups.status(db, keys, ONE)] == ["old", "current"]


@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_it_begins_and_ends_when_nobody_is_between_looking_and_acting(
    db: Database, vault: Vault, keys: KeyFile
) -> None:
    """Whoever read the list of keys acts by it: a value that he writes late must not be missed."""
    with ThreadPoolExecutor(1) as threads:
        with db.begin() as tx:
            assert vault.find(tx, KIND, "phone", PHONE) == ()
            rotating = threads.submit(lookups.rotate, db, vault, ONE, System())
            with pytest.raises(TimeoutError):
                rotating.result(0.3)
            vault.seal(tx, kind=KIND, record="late", subject="", fields=FIELDS, index={"phone": PHONE})
        assert rotating.result(20).left == 0
    assert found(db, vault) == ("late",)
    assert len(in_use(db)) == 1
