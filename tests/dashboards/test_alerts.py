"""Alerts as annotations, asked of a real PostgreSQL by the account that deploy/postgres makes."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from sqlalchemy import insert
from sqlalchemy.engine import make_url

from alerts.tables import alerts
from app.histories import HISTORIES
from city.db import Database
from contracts.instants import HOUR, MINUTE
from tests.dashboards.conftest import Board
from tests.dashboards.grafana import Shown
from tests.fixtures.tables import ready


@pytest.fixture
def as_reader(postgres_url: str, root: Path) -> Iterator[Callable[[str], list[Any]]]:
    """Ask a migrated database as `grafana`."""
    ready(postgres_url, HISTORIES).close()
    url = make_url(postgres_url)
    place = [f"--host={url.host}", f"--port={url.port}", "--username=imm", f"--dbname={url.database}"]
    command = [
        "psql",
        "--no-psqlrc",
        "--quiet",
        *place,
        "--set=password=o'dd",
        "--file=deploy/postgres/reader.sql",
    ]
    for _ in range(2):  # twice is the same as once
        subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=30)
    dsn = f"host={url.host} port={url.port} user=grafana dbname={url.database}"
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield lambda query: connection.execute(query.encode()).fetchall()


@pytest.fixture
def keep(postgres_url: str, as_reader: Callable[[str], list[Any]]) -> Iterator[Callable[..., None]]:
    """Put an alert into the table."""
    database = Database(postgres_url)

    def put(id_: str, started: int, **changes: Any) -> None:
        row: dict[str, Any] = {
            "id": id_,
            "revision": 1,
            "state": "firing",
            "fingerprint": id_,
            "rule": "kiosk-hot",
            "rule_hash": "hash",
            "site": "bima",
            "device": "kiosk-01",
            "labels": {},
            "severity": "severe",
            "rank": 1,
            "title": {"id": "Kios terlalu panas", "en": "Kiosk too hot"},
            "evidence": {},
            "started": started,
            "updated": started,
            "fired": started,
            "acknowledged_by": "",
            "incident": True,
            "probe": False,
        }
        with database.begin() as tx:
            tx.execute(insert(alerts).values(**(row | changes)))

    yield put
    database.close()


def test_alerts_of_the_time_and_the_site(
    board: Board, shown: Shown, now: int, as_reader: Callable[[str], list[Any]], keep: Callable[..., None]
) -> None:
    (annotation,) = board["annotations"]["list"]
    keep("open", now - HOUR)
    keep("closed", now - 2 * HOUR, resolved=now - HOUR, state="resolved")
    keep("past", now - 9 * HOUR, resolved=now - 8 * HOUR, state="resolved")
    keep("long", now - 9 * HOUR, resolved=now - 5 * HOUR, state="resolved", device="")
    keep("probe", now - HOUR, probe=True)
    keep("pending", now - HOUR, fired=None, state="pending", fingerprint="other")
    keep("elsewhere", now - HOUR, site="kota", device="kiosk-99")
    seen = msgspec.structs.replace(shown, chosen={"site": ["bima"]})
    rows = as_reader(seen.sql(annotation["target"]["rawSql"]))
    assert rows == [
        (
            (now - 9 * HOUR) // 1000,
            (now - 5 * HOUR) // 1000,
            "Kios terlalu panas",
            "severe,kiosk-hot,resolved",
        ),
        (
            (now - 2 * HOUR) // 1000,
            (now - HOUR) // 1000,
            "kiosk-01: Kios terlalu panas",
            "severe,kiosk-hot,resolved",
        ),
        (
            (now - HOUR) // 1000,
            (now + MINUTE) // 1000,
            "kiosk-01: Kios terlalu panas",
            "severe,kiosk-hot,firing",
        ),
    ]
    one = msgspec.structs.replace(shown, chosen={"device": ["kiosk-99"]})
    assert len(as_reader(one.sql(annotation["target"]["rawSql"]))) == 2  # its own, and that of a whole site


@pytest.mark.parametrize("statement", ["SELECT * FROM outbox", "DELETE FROM alerts", "TRUNCATE alerts"])
def test_the_reader_may_read_alerts_only(as_reader: Callable[[str], list[Any]], statement: str) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
        as_reader(statement)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_reader(f"SET transaction_read_only = off; {statement}")
