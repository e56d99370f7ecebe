"""Documents are numbered, issued, checked and revoked; a check tells no more than it must."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from city.db import Database, check
from city.db.migrate import differences
from city.documents import Issued, Paper, Register, State, codes
from city.documents.errors import NotNow, Taken, Unknown
from city.documents.history import HISTORY
from city.outbox.tables import outbox
from contracts.judgements import Text
from runtime.clock import Fake
from tests.city.documents.conftest import ADDRESS

DAY = 86_400
PDF = b"%PDF-1.7 signed"
WHY = Text(id="alamat usaha salah", en="wrong address of the business")


def paper(
    clock: Fake, number: str = "400/012/XI/2026", days: int | None = 180, unit: str = "Kelurahan Kesambi"
) -> Paper:
    return Paper(
        kind="test.sku",
        title=Text(id="Surat Keterangan Usaha", en="Certificate of Business"),
        number=number,
        unit=unit,
        record="r1",
        initials="S. N.",
        until=None if days is None else clock.now() + days * DAY * 1_000_000,
    )


def opened(db: Database, register: Register, what: Paper) -> Issued:
    with db.begin() as tx:
        return register.open(tx, what)


def issued(db: Database, register: Register, what: Paper, pdf: bytes = PDF) -> Issued:
    code = opened(db, register, what).code
    with db.begin() as tx:
        return register.close(tx, code, pdf, file="f1", trial=False)


def told(db: Database) -> list[str]:
    with db.read() as tx:
        return list(tx.execute(sa.select(outbox.c.type).order_by(outbox.c.id)).scalars())


def test_migrations_make_what_the_code_declares(db: Database) -> None:
    check(db, [HISTORY])
    assert differences(db, HISTORY) == []


def test_its_life(db: Database, register: Register, clock: Fake) -> None:
    one = opened(db, register, paper(clock))
    assert register.url(one.code) == f"{ADDRESS}/cek/{one.code}"
    found = register.check(one.code)
    assert found is not None
    assert (found.state, found.issued) == (State.PREPARING, None)
    clock.advance(5)
    with db.begin() as tx:
        register.close(tx, one.code, PDF, file="f1", trial=False)
    found = register.check(one.code)
    assert found is not None
    assert (found.state, found.issued, found.unit, found.number) == (
        State.VALID,
        clock.now(),
        "Kelurahan Kesambi",
        "400/012/XI/2026",
    )
    clock.advance(181 * DAY)
    found = register.check(one.code)
    assert found is not None
    assert found.state is State.EXPIRED
    with db.begin() as tx:
        register.revoke(tx, one.code, WHY)
    with db.begin() as tx:
        again = register.revoke(tx, one.code, Text(id="lain", en="other"))
    assert again.reason == WHY
    found = register.check(one.code)
    assert found is not None
    assert (found.state, found.reason) == (State.REVOKED, WHY)
    assert told(db) == ["letter.issued", "letter.revoked"]


def test_it_is_issued_once(db: Database, register: Register, clock: Fake) -> None:
    one = opened(db, register, paper(clock))

    def close(number: int) -> bool:
        try:
            with db.begin() as tx:
                register.close(tx, one.code, PDF + b"%d" % number, file=f"f{number}", trial=False)
        except NotNow:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(close, range(8))) == 1
    assert told(db) == ["letter.issued"]


def test_what_is_revoked_is_not_issued(db: Database, register: Register, clock: Fake) -> None:
    one = opened(db, register, paper(clock))
    with db.begin() as tx:
        register.revoke(tx, one.code, WHY)
    with pytest.raises(NotNow, match="revoked"), db.begin() as tx:
        register.close(tx, one.code, PDF, file="f1", trial=False)


def test_a_number_comes_once_in_an_office(db: Database, register: Register, clock: Fake) -> None:
    opened(db, register, paper(clock))
    opened(db, register, paper(clock, unit="Kelurahan Drajat"))
    with pytest.raises(Taken, match="given this number already"):
        opened(db, register, paper(clock))


def test_what_a_crash_left_is_found(db: Database, register: Register, clock: Fake) -> None:
    left = opened(db, register, paper(clock, "1"))
    issued(db, register, paper(clock, "2"))
    clock.advance(60)
    opened(db, register, paper(clock, "3"))
    with db.read() as tx:
        assert register.unfinished(tx, before=clock.now()) == [left]
        assert [one.number for one in register.of(tx, "r1")].count("1") == 1
        assert register.get(tx, left.code) == left
        with pytest.raises(Unknown):
            register.get(tx, "none")


def test_a_number_tells_less_than_a_code(db: Database, register: Register, clock: Fake) -> None:
    one = issued(db, register, paper(clock))
    by_code, by_number = register.check(codes.shown(one.code).lower()), register.check(" 400/012/XI/2026 ")
    assert by_code is not None
    assert by_number is not None
    assert (by_code.code, by_code.initials) == (one.code, "S. N.")
    assert (by_number.code, by_number.initials, by_number.state) == ("", "", State.VALID)


def test_a_file_is_compared(db: Database, register: Register, clock: Fake) -> None:
    one = issued(db, register, paper(clock))
    same, other = (hashlib.sha256(body).hexdigest() for body in (PDF, PDF + b"x"))
    found = register.check_file(same)
    assert found is not None
    assert (found.same, found.code, found.initials) == (True, one.code, "S. N.")
    assert register.check_file(other) is None
    found = register.check_file(other, code=one.code)
    assert found is not None
    assert found.same is False
    assert register.check_file(same, code="7K3M9QXT2PAB") is None or codes.parse("7K3M9QXT2PAB") is None


def test_a_document_without_a_file_matches_none(db: Database, register: Register, clock: Fake) -> None:
    opened(db, register, paper(clock))
    assert register.check_file("") is None
    for text in ("tidak ada", "", "400\x00", "400\n"):
        assert register.check(text) is None


def test_nothing_of_a_person_is_told_or_kept(db: Database, register: Register, clock: Fake) -> None:
    issued(db, register, paper(clock))
    with db.read() as tx:
        event = tx.execute(sa.select(outbox.c.event)).scalar_one()
    assert "S. N." not in event
