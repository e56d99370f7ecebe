"""A clock that stands."""

import pytest

from runtime.clock import Fake


@pytest.fixture
def clock() -> Fake:
    return Fake()
