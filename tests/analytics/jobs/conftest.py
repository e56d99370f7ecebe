from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.rules import Rule
from tests.analytics.conftest import Kit
from tests.analytics.jobs.world import World

Build = Callable[[Rule], World]


@pytest.fixture
def build(kit: Kit, tmp_path: Path) -> Iterator[Build]:
    """A world with one rule, closed after the test."""
    built: list[World] = []

    def make(rule: Rule) -> World:
        built.append(World(kit, tmp_path, [rule]))
        return built[-1]

    yield make
    for one in built:
        one.close()
