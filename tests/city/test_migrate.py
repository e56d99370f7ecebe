"""Tables are brought up to date, and start-up refuses what does not fit."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import MetaData, Table, text

from city.db import Database, History, check, upgrade
from city.db.migrate import differences
from city.errors import Half, Newer, Older, Unfit
from city.history import HISTORY
from city.outbox import Tail, append, event

STEP = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = {here!r}, {before!r}, None, None
def upgrade():
{body}
"""


@pytest.fixture
def bare(city_url: str) -> Iterator[Database]:
    database = Database(city_url)
    yield database
    database.close()


def programme(folder: Path, *bodies: str) -> History:
    """A package with a table `things` and these migrations."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    for number, body in enumerate(bodies, start=1):
        before = f"{number - 1:04}" if number > 1 else None
        lines = "\n".join("    " + line for line in body.splitlines())
        (versions / f"{number:04}_step.py").write_text(
            STEP.format(here=f"{number:04}", before=before, body=lines)
        )
    things = Table("things", MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    return History(name="things", folder=folder, tables=(things,))


CREATE = 'op.create_table("things", sa.Column("id", sa.Integer, primary_key=True))'
PARTS = """
op.create_table("parts", sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("thing", sa.Integer, sa.ForeignKey("things.id", ondelete="CASCADE")))"""
WIDEN = """with op.batch_alter_table("things") as table:
    table.add_column(sa.Column("title", sa.String(40), nullable=False, server_default="-"))
    table.alter_column("id", existing_type=sa.Integer(), type_=sa.BigInteger())"""


def test_migrations_make_what_the_code_declares(db: Database) -> None:
    check(db, [HISTORY])
    assert differences(db, HISTORY) == []


def test_a_second_upgrade_changes_nothing(db: Database) -> None:
    assert upgrade(db, [HISTORY]) == {"city": "0002"}


def test_an_empty_database_is_refused_until_it_is_migrated(bare: Database) -> None:
    with pytest.raises(Older, match="imm migrate"):
        check(bare, [HISTORY])
    upgrade(bare, [HISTORY])
    check(bare, [HISTORY])


def test_a_filled_database_goes_forward(db: Database, tmp_path: Path) -> None:
    first = programme(tmp_path / "old", CREATE)
    upgrade(db, [HISTORY, first])
    with db.begin() as tx:
        tx.execute(text("INSERT INTO things (id) VALUES (1), (2)"))
        append(tx, event("thing.made", id="1", source="/things", subject="1", time=1, data={}))
    second = programme(tmp_path / "new", CREATE, WIDEN)
    with pytest.raises(Older):
        check(db, [HISTORY, second])
    assert upgrade(db, [HISTORY, second]) == {"city": "0002", "things": "0002"}
    check(db, [HISTORY, second])
    with db.read() as tx:
        assert tx.execute(text("SELECT id, title FROM things ORDER BY id")).all() == [(1, "-"), (2, "-")]
        assert tx.execute(text("SELECT count(*) FROM outbox")).scalar() == 1


def test_rebuilding_a_table_keeps_the_rows_that_point_at_it(db: Database, tmp_path: Path) -> None:
    upgrade(db, [programme(tmp_path / "old", CREATE + PARTS)])
    with db.begin() as tx:
        tx.execute(text("INSERT INTO things (id) VALUES (1)"))
        tx.execute(text("INSERT INTO parts (id, thing) VALUES (1, 1)"))
    upgrade(db, [programme(tmp_path / "new", CREATE + PARTS, WIDEN)])
    with db.begin() as tx:
        assert tx.execute(text("SELECT count(*) FROM parts")).scalar() == 1
        tx.execute(text("DELETE FROM things"))
        assert tx.execute(text("SELECT count(*) FROM parts")).scalar() == 0


def test_a_programme_that_is_switched_off_keeps_its_tables(db: Database, tmp_path: Path) -> None:
    upgrade(db, [HISTORY, programme(tmp_path, CREATE)])
    upgrade(db, [HISTORY])
    check(db, [HISTORY])
    check(db, [HISTORY, programme(tmp_path, CREATE)])


def test_a_failed_migration_leaves_nothing_behind(bare: Database, tmp_path: Path) -> None:
    broken = programme(
        tmp_path, CREATE, 'op.execute("INSERT INTO things (id) VALUES (7)")\nraise RuntimeError("half way")'
    )
    with pytest.raises(RuntimeError, match="half way"):
        upgrade(bare, [HISTORY, broken])
    with bare.read() as tx:
        assert sa.inspect(tx).get_table_names() == []


def test_a_newer_database_is_refused_and_not_touched(db: Database, tmp_path: Path) -> None:
    upgrade(db, [programme(tmp_path / "new", CREATE, WIDEN)])
    old = programme(tmp_path / "old", CREATE)
    for refuse in (check, upgrade):
        with pytest.raises(Newer, match=r"0002.*newer program"):
            refuse(db, [old])


@pytest.mark.parametrize(
    "harm",
    [
        "DROP TABLE things",
        "DELETE FROM things_version",
        "INSERT INTO things_version (version_num) VALUES ('0002')",
    ],
)
def test_a_half_migrated_database_is_refused(db: Database, tmp_path: Path, harm: str) -> None:
    history = programme(tmp_path, CREATE, WIDEN)
    upgrade(db, [history])
    with db.begin() as tx:
        if "INSERT" in harm:
            tx.execute(text("UPDATE things_version SET version_num = '0001'"))
        tx.execute(text(harm))
    with pytest.raises(Half, match="backup"):
        check(db, [history])
    with pytest.raises(Unfit):
        upgrade(db, [history])


def test_two_processes_may_migrate_at_once(bare: Database) -> None:
    script = (
        "import sys; from city.db import Database, upgrade; from city.history import HISTORY;"
        "upgrade(Database(sys.argv[1]), [HISTORY])"
    )
    address = bare.address.render_as_string(hide_password=False)
    processes = [subprocess.Popen([sys.executable, "-c", script, address]) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    check(bare, [HISTORY])
    assert Tail(bare).head() == 0
