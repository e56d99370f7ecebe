"""A city database with the alerts' tables on each engine, and what makes judgements."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.rulebook.tables import HISTORY as RULEBOOK
from alerts.tables import HISTORY
from city import history
from city.db import Database
from contracts import judgements
from contracts.instants import SECOND
from contracts.judgements import Evidence, Judgement, Severity, Text, Verdict
from runtime.clock import Fake
from runtime.ids import Factory
from tests.fixtures.tables import ready

Make = Callable[..., Judgement]


@pytest.fixture
def clock() -> Fake:
    return Fake()


@pytest.fixture
def ids() -> Factory:
    """Ids that are told apart and sort by the order of making."""
    numbers = itertools.count(1)
    return lambda: f"id-{next(numbers):06}"


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = ready(city_url, [history.HISTORY, HISTORY, RULEBOOK])
    yield database
    database.close()


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Database]:
    """SQLite alone, where the database is not what is tested."""
    database = ready(f"sqlite:///{tmp_path / 'lite.sqlite'}", [history.HISTORY, HISTORY, RULEBOOK])
    yield database
    database.close()


@pytest.fixture
def make(clock: Fake) -> Make:
    """Judgement of rule `hot` on `kiosk-1`; `at` in seconds after the clock's start."""
    start = clock.now()

    def judgement(verdict: Verdict = Verdict.RAISED, at: float = 0, **changes: Any) -> Judgement:
        labels = changes.pop("labels", {"device": "kiosk-1"})
        time = start + round(at * SECOND)
        fingerprint = judgements.fingerprint("hot", labels)
        fields: dict[str, Any] = {
            "id": judgements.identity(fingerprint, "hash", verdict, time),
            "producer": "analytics",
            "verdict": verdict,
            "rule": "hot",
            "rule_hash": "hash",
            "fingerprint": fingerprint,
            "site": "bima",
            "device": "kiosk-1",
            "labels": labels,
            "severity": Severity.MODERATE,
            "title": Text(id="Kiosk panas", en="Kiosk is hot"),
            "time": time,
            "judged": time,
            "evidence": Evidence(metric="temperature", unit="Cel", value=80.0 + at, expected=70.0),
        }
        return Judgement(**(fields | changes))

    return judgement
