"""A person gets all that is known of him, or has it erased, and is told what became of each part."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Connection, select

from city.audit import Filters, Trail, page
from city.db import Database
from city.outbox.tables import outbox
from city.privacy import Hook, Outcome, Subjects, Vault, vault_hook
from city.privacy.errors import Erased, Leftover
from contracts import cloudevents
from runtime.clock import Fake
from runtime.ids import factory
from tests.city.privacy.safe import FIELDS, INDEX, KIND, got

SITI = "p-siti"
LETTERS = "sedulur.letter"


def sealed(db: Database, vault: Vault, kind: str, record: str, subject: str = SITI) -> None:
    with db.begin() as tx:
        vault.seal(tx, kind=kind, record=record, subject=subject, fields=FIELDS, index=INDEX)


@pytest.fixture
def filled(db: Database, vault: Vault) -> Vault:
    sealed(db, vault, KIND, "s1")
    sealed(db, vault, "tangi.report", "t1")
    sealed(db, vault, "tangi.report", "t2")
    sealed(db, vault, LETTERS, "l1")
    sealed(db, vault, KIND, "b1", "p-budi")
    return vault


@pytest.fixture
def subjects(db: Database, filled: Vault, clock: Fake) -> Subjects:
    hooks = [
        vault_hook(filled, name="identity", kinds=[KIND]),
        vault_hook(filled, name="tangi", kinds=["tangi.report"]),
        vault_hook(filled, name="sedulur", kinds=[LETTERS], kept={LETTERS: "UU 43/2009: archives"}),
    ]
    return made(db, filled, clock, *hooks)


def made(db: Database, vault: Vault, clock: Fake, *hooks: Hook) -> Subjects:
    return Subjects(db, vault=vault, trail=Trail(clock=clock), clock=clock, ids=factory(clock), hooks=hooks)


def events(db: Database) -> list[cloudevents.CloudEvent]:
    with db.read() as tx:
        return [
            cloudevents.decode(row.encode())
            for row in tx.execute(select(outbox.c.event).order_by(outbox.c.id)).scalars()
        ]


def test_an_export_holds_all_and_is_noted(db: Database, subjects: Subjects) -> None:
    export = subjects.export(SITI, by="p-officer", why="asked at the counter", request="q-1")
    assert export.data == {
        "identity": {KIND: [FIELDS]},
        "tangi": {"tangi.report": [FIELDS, FIELDS]},
        "sedulur": {LETTERS: [FIELDS]},
    }
    assert export.report.parts["tangi"] == (Outcome(kind="tangi.report", exported=2),)
    with db.read() as tx:
        (entry,) = page(tx, Filters())
        assert subjects.reports(tx, SITI) == [export.report]
    assert (entry.by, entry.action, entry.record, entry.why) == (
        "p-officer",
        "exported",
        SITI,
        "asked at the counter",
    )
    assert events(db) == []


def test_an_erasure_says_what_is_gone_and_what_stays(db: Database, subjects: Subjects, vault: Vault) -> None:
    report = subjects.erase(SITI, by=SITI)
    assert report.parts == {
        "identity": (Outcome(kind=KIND, erased=1),),
        "tangi": (Outcome(kind="tangi.report", erased=2),),
        "sedulur": (Outcome(kind=LETTERS, kept=1, why="UU 43/2009: archives"),),
    }
    for kind, record in ((KIND, "s1"), ("tangi.report", "t1"), ("tangi.report", "t2")):
        with pytest.raises(Erased):
            got(db, vault, record, kind=kind)
    assert got(db, vault, "l1", kind=LETTERS) == FIELDS
    assert got(db, vault, "b1") == FIELDS, "another's stays"
    (event,) = events(db)
    assert event.type.endswith(".person.erased")
    assert (event.subject, event.data) == (SITI, {"subject": SITI, "report": report.id})
    with db.read() as tx:
        assert [entry.action for entry in page(tx, Filters(record=SITI))] == ["erased"]
        assert subjects.reports(tx, SITI) == [report]


def test_once_erased_nothing_new_comes_in(db: Database, subjects: Subjects, vault: Vault) -> None:
    subjects.erase(SITI, by=SITI)
    with pytest.raises(Erased):
        subjects.erase(SITI, by=SITI)
    with pytest.raises(Erased):
        sealed(db, vault, KIND, "s2")
    with pytest.raises(Erased), db.begin() as tx:
        vault.hand(tx, KIND, "b1", SITI)
    sealed(db, vault, KIND, "b2", "p-budi")


def test_what_no_hook_speaks_for_stops_it(db: Database, vault: Vault, filled: Vault, clock: Fake) -> None:
    only = made(db, filled, clock, vault_hook(filled, name="identity", kinds=[KIND]))
    with pytest.raises(Leftover) as left:
        only.erase(SITI, by=SITI)
    assert left.value.kinds == (LETTERS, "tangi.report")
    assert got(db, vault, "s1") == FIELDS, "nothing was erased"
    assert events(db) == []


def test_a_hook_that_fails_undoes_all(db: Database, filled: Vault, clock: Fake) -> None:
    def fail(tx: Connection, subject: str) -> list[Outcome]:
        raise RuntimeError

    kinds = [KIND, "tangi.report", LETTERS]
    broken = Hook(name="broken", export=lambda tx, subject: {}, erase=fail)
    with pytest.raises(RuntimeError):
        made(db, filled, clock, vault_hook(filled, name="all", kinds=kinds), broken).erase(SITI, by=SITI)
    assert got(db, filled, "s1") == FIELDS
    with db.read() as tx:
        assert page(tx, Filters()) == []


def test_two_hooks_of_one_name_are_refused(db: Database, filled: Vault, clock: Fake) -> None:
    hook = vault_hook(filled, name="a", kinds=[])
    with pytest.raises(ValueError, match="same name"):
        made(db, filled, clock, hook, hook)


def test_writers_and_the_erasure_at_once(db: Database, subjects: Subjects, vault: Vault) -> None:
    """Whoever comes in time is erased too; whoever comes late is refused. Nothing is left over."""
    start = Barrier(5)

    def write(number: int) -> bool:
        start.wait(20)
        try:
            for turn in range(6):
                sealed(db, vault, KIND, f"w{number}-{turn}")
        except Erased:
            return False
        return True

    def erase() -> None:
        start.wait(20)
        subjects.erase(SITI, by=SITI)

    with ThreadPoolExecutor(5) as threads:
        writers = [threads.submit(write, number) for number in range(4)]
        threads.submit(erase).result(30)
        for writer in writers:
            writer.result(30)
    with db.read() as tx:
        assert [held.kind for held in vault.of(tx, SITI)] == [LETTERS]
