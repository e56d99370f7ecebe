"""A register of members on each database, and imports into it."""

import hashlib
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from city.db import Database
from city.imports import Bad, Column, Imports, Layout, Row, parsers
from city.imports.history import HISTORY
from contracts.judgements import Text
from runtime.clock import Fake
from runtime.ids import factory
from tests.fixtures.tables import ready

MEMBERS = sa.Table(
    "members",
    sa.MetaData(),
    sa.Column("nik", sa.String(16), primary_key=True),
    sa.Column("name", sa.String(100)),
    sa.Column("born", sa.String(10)),
    sa.Column("phone", sa.String(20)),
)
LAYOUT = Layout(
    name="test.members",
    key=("nik",),
    columns=(
        Column(
            name="nik",
            title=Text(id="NIK", en="Citizen number"),
            parse=parsers.nik,
            required=True,
            example="3274010101900001",
            note=Text(id="16 angka", en="16 digits"),
        ),
        Column(
            name="name",
            title=Text(id="Nama", en="Name"),
            parse=parsers.text(60),
            aliases=("Nama lengkap",),
            required=True,
        ),
        Column(name="born", title=Text(id="Tanggal lahir", en="Date of birth"), parse=parsers.day),
        Column(
            name="phone",
            title=Text(id="No. HP", en="Phone"),
            parse=parsers.phone,
            aliases=("Telepon", "WA"),
        ),
    ),
)


def blind(kind: str, value: str) -> str:
    return hashlib.blake2b(f"{kind}\0{value}".encode(), key=b"kunci uji", digest_size=32).hexdigest()


def put(tx: sa.Connection, row: Row) -> None:
    """What a programme does with a row: writes by its key, and refuses what it must not have."""
    if row["name"] == "Ditolak":
        raise Bad(Text(id="bukan warga kota ini", en="lives elsewhere"), column="Nama")
    values = {"nik": row["nik"], "name": row["name"], "phone": row["phone"]}
    values["born"] = row["born"].isoformat() if row["born"] else None
    if not tx.execute(sa.update(MEMBERS).where(MEMBERS.c.nik == row["nik"]).values(**values)).rowcount:
        tx.execute(sa.insert(MEMBERS).values(**values))


@pytest.fixture
def clock() -> Fake:
    return Fake()


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = ready(city_url, [HISTORY])
    with database.migrating() as tx:
        MEMBERS.create(tx)
    yield database
    database.close()


@pytest.fixture
def imports(db: Database, clock: Fake) -> Imports:
    return Imports(db, clock=clock, ids=factory(clock), blind=blind)


def members(db: Database) -> dict[str, str]:
    with db.read() as tx:
        return {row.nik: row.name for row in tx.execute(sa.select(MEMBERS))}
