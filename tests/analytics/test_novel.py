"""The rule that leaves the judgement to a detector."""

import math
import random

import msgspec
import pytest

from analytics.evaluate import Evaluator, Kept
from analytics.novel import Novel
from contracts.judgements import Judgement
from contracts.rules import Anomaly
from contracts.series import Series
from tests.analytics.conftest import Kit

STEP = 300


def rows(kit: Kit, count: int = 600) -> list[tuple[Series, float, float]]:
    """Two days of a wave with noise, and a height that was never there."""
    chance = random.Random(3)
    series = kit.series()
    return [
        (
            series,
            float(at * STEP),
            60 + 5 * math.sin(at / 46) + chance.random() + (40 if 500 <= at < 505 else 0),
        )
        for at in range(count)
    ]


def told(found: list[Judgement], kit: Kit) -> list[tuple[str, int]]:
    return [(one.verdict.value, (one.time - kit.now) // 1_000_000 // STEP) for one in found]


def test_what_was_never_there_is_told_and_is_over(kit: Kit) -> None:
    rule = kit.rule(Anomaly(lasts=3_600.0), "temperature")
    found = Evaluator([rule]).take(kit.samples(rows(kit)), kit.scene(600 * STEP))
    of_it = [one for one in told(found, kit) if one[1] >= 500]
    assert of_it[0][0] == "raised"
    assert 500 <= of_it[0][1] < 505
    ends = [at for verdict, at in of_it if verdict == "cleared"]
    assert ends[0] - of_it[0][1] >= 12
    assert "belum pernah seperti ini" in found[0].evidence.why.id


def test_streamed_with_restarts_as_in_one_piece(kit: Kit) -> None:
    rule = kit.rule(Anomaly(lasts=3_600.0), "temperature")
    whole = Evaluator([rule]).take(kit.samples(rows(kit)), kit.scene(0))
    evaluator = Evaluator([rule])
    found: list[Judgement] = []
    for first in range(0, 600, 70):
        found += evaluator.take(kit.samples(rows(kit)[first : first + 70]), kit.scene(0))
        kept = msgspec.msgpack.decode(msgspec.msgpack.encode(evaluator.save()), type=list[Kept])
        evaluator = Evaluator([rule])
        assert evaluator.restore(kept, kit.scene(0)) == []
    assert found == whole


def test_what_it_cannot_take_is_counted(kit: Kit) -> None:
    evaluator = Evaluator([kit.rule(Anomaly(most=1), "temperature")])
    [watch] = evaluator.watches
    assert isinstance(watch, Novel)
    samples = [
        (kit.series(), 10.0, 1.0),
        (kit.series(device="kiosk-2"), 10.0, 1.0),
        (kit.series(), 11.0, 1e300),
    ]
    assert evaluator.take(kit.samples(samples), kit.scene(20)) == []
    evaluator.take(kit.samples([(kit.series(), 5.0, 1.0)]), kit.scene(20))
    watch.doubt_all()
    assert (watch.left_out, watch.overdue_samples, watch.doubted) == (1, 1, set())
    assert len(watch.tracks) == 1
    with pytest.raises(ValueError, match="finite"):
        watch._detectors[0].score(1, math.inf)
