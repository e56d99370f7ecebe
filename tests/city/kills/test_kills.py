"""Kill -9 at random between commit, relay and delivery: nothing lost, clocks fire once, the audit holds."""

from pathlib import Path

import msgspec
import pytest

from runtime import cli
from tests.city.kills.series import series

IN_CI = 10  # on each of two databases
SEED = 1


async def test_kills(city_url: str, tmp_path: Path) -> None:
    found = await series(city_url, tmp_path, kills=IN_CI, seed=SEED)
    assert found.faults == {}, found
    assert found.events > 0
    assert found.deliveries >= 2 * found.events


@pytest.mark.long
@pytest.mark.timeout(1_800)
async def test_200_kills(postgres_url: str, tmp_path: Path, reports: Path) -> None:
    figures = {}
    for name, url in (("sqlite", f"sqlite:///{tmp_path / 'city.sqlite'}"), ("postgresql", postgres_url)):
        (tmp_path / name).mkdir()
        figures[name] = await series(url, tmp_path / name, kills=200, seed=SEED)
    report = reports / "kills-city.json"
    cli.report(report, {name: msgspec.to_builtins(found) for name, found in figures.items()}, seed=SEED)
    assert {name: found.faults for name, found in figures.items()} == {"sqlite": {}, "postgresql": {}}
