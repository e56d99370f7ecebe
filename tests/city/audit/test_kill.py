"""Killed at any moment, the chain verifies, and every entry has one seal."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from city.audit import CITY, Sealer, Settings
from city.audit.sealer import LEASE
from city.audit.tables import entries, seals
from city.db import Database, Lease
from runtime.clock import System
from tests.city.audit.books import report, sign


@pytest.mark.parametrize("times", [4, pytest.param(200, marks=pytest.mark.long)])
def test_killed_anywhere(db: Database, tmp_path: Path, root: Path, times: int) -> None:
    folder = tmp_path / "witness"
    url = db.address.render_as_string(hide_password=False)
    words = [sys.executable, "-m", "tests.city.audit.victim", url, str(folder), "7", str(times)]
    subprocess.run(words, cwd=root, timeout=240, check=True)
    lease = Lease(db, LEASE, System())
    while not lease.take():  # a killed one's, for 0.05 s
        pass
    lease.give_back()
    Sealer(db, System(), settings=Settings(witness=folder), sign=sign).turn()
    found = report(db, folder, signed=True)
    assert (found.ok, found.waiting) == (True, 0), found.faults
    assert found.last > 0
    with db.read() as tx:
        kept = tx.execute(select(func.count()).where(entries.c.chain == CITY)).scalar_one()
        told = tx.execute(select(func.sum(seals.c.rows)).where(seals.c.chain == CITY)).scalar_one()
    assert kept == told
