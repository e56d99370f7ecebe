"""Files on each database, on a shelf of this machine, with a vault that keeps its promise."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection

from city.db import Database
from city.files import Files, Settings
from city.files.history import HISTORY
from city.files.shelf import Shelf, open_shelf
from city.files.sweep import Sweep
from runtime.clock import Fake
from runtime.ids import factory
from tests.fixtures.tables import ready


class Drawer:
    """A vault in memory: what it seals opens until it is forgotten; nothing of it lies anywhere in clear."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def seal(
        self, tx: Connection, *, kind: str, record: str, subject: str, fields: Mapping[str, Any]
    ) -> None:
        self._kept[record] = msgspec.json.encode(fields)

    def open_many(self, tx: Connection, kind: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        return {one: msgspec.json.decode(self._kept[one]) for one in ids if one in self._kept}

    def forget(self, tx: Connection, kind: str, record: str) -> bool:
        return self._kept.pop(record, None) is not None


@pytest.fixture
def clock() -> Fake:
    return Fake()


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = ready(city_url, [HISTORY])
    yield database
    database.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(place=str(tmp_path / "files"), links_file=tmp_path / "keys" / "links")


@pytest.fixture
def shelf(settings: Settings) -> Shelf:
    return open_shelf(settings)


@pytest.fixture
def vault() -> Drawer:
    return Drawer()


@pytest.fixture
def files(db: Database, shelf: Shelf, vault: Drawer, clock: Fake) -> Files:
    return Files(db, shelf, vault, clock=clock, ids=factory(clock))


@pytest.fixture
def sweep(db: Database, shelf: Shelf, clock: Fake, settings: Settings) -> Sweep:
    return Sweep(db, shelf, clock, settings)
