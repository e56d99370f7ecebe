"""Each broker passes every check, or declares the gap and then fails it: a closed gap shows itself."""

from __future__ import annotations

import pytest

from app.brokers.port import Broker, Feature
from tests.app.brokers.checks import ALWAYS, Case, Check
from tests.app.brokers.features import BY_FEATURE
from tests.fixtures.brokers import BOTH, Start

pytestmark = pytest.mark.system

ENDS_ITS_BROKER = (Feature.RESTART, Feature.KILL)


@pytest.mark.parametrize("check", ALWAYS, ids=lambda check: check.__name__)
def test_required(broker: Broker, check: Check) -> None:
    check(Case(broker))


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("feature", BY_FEATURE)
def test_feature_or_declared_gap(name: str, feature: Feature, running: Start, start_broker: Start) -> None:
    found = (start_broker if feature in ENDS_ITS_BROKER else running)(name)
    case = Case(found)
    if feature in {gap.feature for gap in found.gaps}:
        with pytest.raises((AssertionError, OSError)):
            BY_FEATURE[feature](case)
    else:
        BY_FEATURE[feature](case)


def test_every_feature_has_a_check() -> None:
    assert set(BY_FEATURE) == set(Feature) - {Feature.ACCESS}  # which has a file of its own


def test_gaps_say_what_they_mean(broker: Broker) -> None:
    assert all(gap.means for gap in broker.gaps)
    assert len({gap.feature for gap in broker.gaps}) == len(broker.gaps)
