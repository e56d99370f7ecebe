"""A process is killed at the worst moment; the next one delivers what was committed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from city.db import Database
from tests.city.drill import delivering, log, relaying, until, writing, written


@pytest.mark.parametrize("moment", ["committed", "handling", "delivering"])
async def test_kill_and_go_on(db: Database, tmp_path: Path, root: Path, moment: str) -> None:
    with db.begin() as tx:
        log.create(tx)
    sent = tmp_path / "sent"
    sent.touch()
    url = db.address.render_as_string(hide_password=False)
    victim = subprocess.run(
        [sys.executable, "-m", "tests.city.victim", url, sent, moment], cwd=root, timeout=60, check=False
    )
    assert victim.returncode == -signal.SIGKILL
    committed = ["a", "b", "c"] if moment == "committed" else ["a", "b", "c", "d"]
    before = sent.read_text().split()
    assert before == {"committed": [], "delivering": ["a", "b", "c"]}.get(moment, before)
    after: list[str] = []
    async with relaying(db, writing(), delivering("sender", after)):
        await until(lambda: written(db) == committed and (before + after)[-1:] == committed[-1:])
    assert written(db) == committed
    assert sorted(set(before + after)) == committed
    assert (before + after).index("c") == 2, "what comes again comes in order"
