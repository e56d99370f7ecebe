"""Kill -9 at any moment, twenty times: no clock that was set is lost, and none fires twice."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from sqlalchemy import select

from city.db import Database
from tests.city.schedule.bench import asked, running, until, writing, written

ROUNDS = 20


async def test_no_clock_is_lost_or_fired_twice(db: Database, root: Path) -> None:
    with db.begin() as tx:
        asked.create(tx)
    url = db.address.render_as_string(hide_password=False)
    subprocess.run(
        [sys.executable, "-m", "tests.city.schedule.victim", url, str(ROUNDS), "4711"],
        cwd=root,
        timeout=240,
        check=True,
    )
    with db.read() as tx:
        keys = list(tx.execute(select(asked.c.key)).scalars())
    before = [key for key in written(db) if key != "standing"]
    assert len(keys) >= ROUNDS
    assert before, "some fired before the last was killed"
    async with running(db, writing()):
        await until(lambda: {key for key in written(db) if key != "standing"} >= set(keys))
    fired = Counter(key for key in written(db) if key != "standing")
    assert fired == Counter(keys)
