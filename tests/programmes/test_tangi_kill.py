"""A desk that is killed between a change and its notice loses neither: they are one transaction."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from city.notifications.tables import notices
from city.outbox.tables import outbox
from city.schedule.tables import clocks
from programmes.tangi.tables import incidents
from runtime.clock import Fake, System
from tests.fixtures.stage import Stage
from tests.programmes.staff import fire, hire, told
from tests.programmes.victim import DESK

AFTER = 12  # incidents that it opens before it is killed


@pytest.fixture
def stage(city_url: str) -> Iterator[Stage]:
    stage = Stage(city_url, System(), desk=DESK)
    yield stage
    stage.close()


@pytest.mark.system
def test_each_incident_has_its_notice_its_clock_and_its_event(
    stage: Stage, city_url: str, root: Path
) -> None:
    sri = hire(stage, "Sri", "dispatcher")
    victim = subprocess.Popen(
        [sys.executable, "-m", "tests.programmes.victim", city_url],
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    said = -1
    with victim, victim.stdout as lines:  # type: ignore[union-attr]  # it is a pipe
        for line in lines:
            said = int(line)
            if said == AFTER:
                victim.kill()

    def count(table: object) -> int:
        with stage.db.read() as tx:
            return int(tx.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]

    opened = count(incidents)
    assert said + 1 <= opened <= said + 2  # one may be committed and not said
    assert (count(notices), count(clocks), count(outbox)) == (opened, opened, opened)
    stage.clock = Fake(stage.clock.now() + 60_000_000)
    assert (fire(stage), fire(stage)) == (opened, 0)
    assert told(stage) == sorted([(sri, "opened"), (sri, "overdue")] * opened)
