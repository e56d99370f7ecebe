"""Kinds that stand on windows: by hand, and any way samples come ends as the order of time."""

import random
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import rules
from analytics.evaluate import Evaluator, Kept
from analytics.values import Values
from contracts.judgements import Judgement, Verdict
from contracts.rules import (
    BurnRate,
    Count,
    Flapping,
    Of,
    Pair,
    Rate,
    Rule,
    Session,
    Side,
    Sliding,
    Stuck,
    Threshold,
    Tumbling,
)
from contracts.series import Series
from tests.analytics.conftest import NOW, SECOND, Kit

KIT = Kit()
Sample = tuple[int, int, float]  # kiosk, seconds after the kit's now, value
LATE = 40
RULES = {
    "rate": KIT.rule(Rate(over=60.0, step=10.0, limit=20.0, per=60.0, lateness=float(LATE)), "temperature"),
    "falling": KIT.rule(
        Rate(over=60.0, step=20.0, limit=-20.0, side=Side.BELOW, lateness=float(LATE)), "temperature"
    ),
    "stuck": KIT.rule(Stuck(over=60.0, step=10.0, lateness=float(LATE)), "temperature"),
    "flapping": KIT.rule(
        Flapping(over=60.0, changes=3, clear=1, limit=70.0, lateness=float(LATE)), "temperature"
    ),
    "mean": msgspec.structs.replace(
        KIT.rule(Threshold(limit=80.0, clear=70.0, hold=20.0), "temperature"),
        window=Sliding(size=60.0, step=10.0, lateness=float(LATE)),
        clears_after=40.0,
    ),
    "burn": KIT.rule(
        BurnRate(
            objective=0.5,
            limit=70.0,
            side=Side.ABOVE,
            pairs=(Pair(long=60.0, short=20.0, factor=1.2),),
            step=10.0,
            least=2,
            lateness=float(LATE),
        ),
        "temperature",
    ),
    "session": msgspec.structs.replace(
        KIT.rule(Threshold(limit=30.0), "temperature"), window=Session(gap=20.0, lateness=float(LATE))
    ),
    "count": msgspec.structs.replace(
        KIT.rule(Threshold(limit=80.0), "temperature"), window=Count(samples=4, lateness=float(LATE))
    ),
}


def samples(rows: Sequence[Sample]) -> list[tuple[Series, float, float]]:
    return [(KIT.series(device=f"kiosk-{kiosk}"), float(at), value) for kiosk, at, value in rows]


def plain(found: Sequence[Judgement]) -> list[Judgement]:
    return sorted((msgspec.structs.replace(one, judged=0) for one in found), key=lambda one: one.id)


def whole(rule: Rule, rows: Sequence[Sample]) -> list[Judgement]:
    """As a back-test: all at once, and the clock at the end."""
    evaluator = Evaluator([rule])
    found = evaluator.take(KIT.samples(samples(rows)), KIT.scene(2_000))
    return found + evaluator.tick(KIT.scene(2_000), 0)


ROWS = st.lists(
    st.tuples(st.integers(1, 2), st.integers(0, 400), st.sampled_from([60.0, 60.0, 75.0, 90.0])),
    unique_by=lambda row: row[:2],
    min_size=1,
    max_size=40,
)


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=25, deadline=None)
@given(ROWS, st.randoms(use_true_random=False), st.integers(1, 9))
def test_streamed_as_in_one_piece(name: str, rows: list[Sample], chance: random.Random, cut: int) -> None:
    rule = RULES[name]
    mixed = sorted(rows, key=lambda row: row[1] + chance.uniform(0, LATE - 1))
    evaluator = Evaluator([rule])
    found: list[Judgement] = []
    for first in range(0, len(mixed), cut):
        found += evaluator.take(KIT.samples(samples(mixed[first : first + cut])), KIT.scene(500))
        if chance.random() < 0.3:
            kept = msgspec.msgpack.decode(msgspec.msgpack.encode(evaluator.save()), type=list[Kept])
            evaluator = Evaluator([rule])
            assert evaluator.restore(kept, KIT.scene(500)) == []
    found += evaluator.tick(KIT.scene(2_000), 0)
    assert plain(found) == plain(whole(rule, rows))


@pytest.mark.parametrize("name", ["rate", "stuck", "flapping", "mean", "burn"])
@settings(max_examples=40, deadline=None)
@given(ROWS, st.randoms(use_true_random=False), st.integers(1, 9))
def test_what_missed_its_window_corrects_the_alert(
    name: str, rows: list[Sample], chance: random.Random, cut: int
) -> None:
    rule = RULES[name]
    mixed = list(rows)
    chance.shuffle(mixed)
    evaluator = Evaluator([rule])
    [watch] = evaluator.watches
    assert isinstance(watch, Values)
    open_: dict[str, bool] = {}

    def hear(found: Sequence[Judgement]) -> None:
        open_.update({one.device: one.verdict is not Verdict.CLEARED for one in found})

    def redo(seen: list[Sample]) -> None:
        if watch.doubted:
            hear(watch.redo(sorted(watch.doubted), KIT.samples(samples(seen)), KIT.scene(500)))

    for first in range(0, len(mixed), cut):
        hear(evaluator.take(KIT.samples(samples(mixed[first : first + cut])), KIT.scene(500)))
        if chance.random() < 0.5:
            redo(mixed[: first + cut])
    redo(mixed)
    redo(mixed)
    hear(evaluator.tick(KIT.scene(2_000), 0))
    right: dict[str, bool] = {}
    for one in whole(rule, rows):
        right[one.device] = one.verdict is not Verdict.CLEARED
    assert {device for device, firing in open_.items() if firing} == {
        device for device, firing in right.items() if firing
    }


def told(rule: Rule, rows: Sequence[Sample]) -> list[tuple[Verdict, int, str]]:
    return [(one.verdict, (one.time - NOW) // SECOND, one.evidence.why.id) for one in whole(rule, rows)]


def test_a_rate_by_hand() -> None:
    rows = [(1, at, 60.0 if at < 100 else 60.0 + (at - 100)) for at in range(0, 200, 5)]
    [raised, cleared] = told(RULES["rate"], [*rows, *((1, at, 155.0) for at in range(200, 300, 5))])
    assert raised == (Verdict.RAISED, 130, "Suhu naik 27,3 °C per menit selama 1 menit, di atas batas 20 °C")
    assert cleared[0] is Verdict.CLEARED


def test_a_counter_that_was_started_anew_did_not_fall() -> None:
    rule = KIT.rule(Rate(over=60, step=30, limit=90, per=60), "network.errors")
    series = KIT.series("network.errors", unit="count")
    values = [100, 110, 120, 5, 15, 25, 35]  # 10 in ten seconds, and one new start
    rows = [(series, at * 10.0, float(value)) for at, value in enumerate(values)]
    evaluator = Evaluator([rule])
    assert evaluator.take(KIT.samples(rows), KIT.scene(100)) == []
    more = [(series, 70.0 + at * 10, 35.0 + at * 30) for at in range(12)]
    [raised] = evaluator.take(KIT.samples(more), KIT.scene(200))
    assert raised.evidence.value == pytest.approx(144)


def test_a_value_that_does_not_move() -> None:
    rows = [(1, at, 60.0 + (at < 50)) for at in range(0, 150, 10)]
    [raised] = told(RULES["stuck"], rows)
    assert raised == (Verdict.RAISED, 110, "Suhu tidak berubah selama 1 menit")
    assert told(RULES["stuck"], [(1, 0, 60.0), (1, 10, 60.0)]) == []  # too short to say
    assert told(RULES["stuck"], [(1, at, float(at)) for at in range(0, 300, 10)]) == []


def test_a_flag_that_goes_to_and_fro() -> None:
    rule = KIT.rule(Flapping(over=600, changes=4), "network.up")
    series = KIT.series("network.up", instance="eth0", unit="")
    evaluator = Evaluator([rule])
    rows = [(series, at * 20.0, at % 2 == 0) for at in range(6)]
    [raised] = evaluator.take(KIT.samples([*rows, (series, 160.0, True)]), KIT.scene(200))
    assert (
        raised.evidence.why.id == "Antarmuka jaringan menyala (eth0) berganti 4 kali dalam 10 menit, batas 4"
    )
    assert (raised.evidence.value, raised.evidence.expected) == (4, 4)
    cleared = evaluator.tick(KIT.scene(1_000), 0)[-1]
    assert cleared.verdict is Verdict.CLEARED


def test_labels_go_with_the_alert_and_do_not_tell_it_apart() -> None:
    plain_rule = KIT.rule(Threshold(limit=80), "temperature")
    labelled = msgspec.structs.replace(plain_rule, labels={"team": "network"})
    [one] = Evaluator([plain_rule]).take(KIT.samples([(KIT.series(), 0, 99.0)]), KIT.scene())
    [other] = Evaluator([labelled]).take(KIT.samples([(KIT.series(), 0, 99.0)]), KIT.scene())
    assert other.labels == {**one.labels, "team": "network"}
    assert other.fingerprint == one.fingerprint


def test_rules_that_existed_keep_their_hash(root: Path) -> None:
    """Else an upgrade would start their timers anew."""
    found = {rule.id: rule.hash for rule in rules.load([root / "deploy" / "rules" / "bima.yaml"])}
    known = {
        "kiosk-busy": "19020c9261847e4b",
        "kiosk-silent": "b56661629afc8a91",
        "wifi-unreachable": "fad3e28ba59ebeda",
        "crowd": "22da0916299c7010",
        "device-alarm": "48b029789b1222dd",
    }
    assert {name: found[name] for name in known} == known


def test_the_statistics_of_a_window() -> None:
    rows = [(1, at, value) for at, value in ((0, 60.0), (5, 90.0), (20, 75.0), (31, 60.0))]
    expected = {
        Of.MEAN: 75.0,
        Of.MIN: 60.0,
        Of.MAX: 90.0,
        Of.SUM: 225.0,
        Of.COUNT: 3.0,
        Of.LAST: 75.0,
        Of.RANGE: 30.0,
        Of.LENGTH: 20.0,
    }
    for of, value in expected.items():
        window = Tumbling(size=30, of=of)
        rule = msgspec.structs.replace(KIT.rule(Threshold(limit=-1), "temperature"), window=window)
        first = whole(rule, rows)[0]
        assert (of, first.evidence.value, first.time) == (of, value, NOW + 30 * SECOND)


BURN = BurnRate(
    objective=0.9,
    pairs=(Pair(long=120.0, short=40.0, factor=5.0), Pair(long=240.0, short=60.0, factor=2.0)),
    step=20.0,
    least=3,
)


def test_failures_that_use_up_their_budget() -> None:
    rule = KIT.rule(BURN, "reachability.up")
    series = KIT.series("reachability.up", unit="/")
    good = [(series, at * 10.0, 1.0) for at in range(24)]
    bad = [(series, 240 + at * 10.0, 0.0) for at in range(8)]
    well = [(series, 320 + at * 10.0, 1.0) for at in range(8)]
    evaluator = Evaluator([rule])
    assert evaluator.take(KIT.samples(good), KIT.scene(240)) == []
    raised = evaluator.take(KIT.samples(bad), KIT.scene(320))[0]
    # 4 of the last 24 samples failed: 1.7 times the 10 % allowed; 6 of them: 2.5 times, beyond 2
    assert (raised.time - NOW) // SECOND == 300
    assert raised.evidence.value == pytest.approx(1.25)
    assert raised.evidence.why.id == (
        "Terjangkau (1) atau tidak (0): kegagalan menghabiskan jatah dari target 90 %, 1,3 kali batas lajunya"
    )
    [cleared] = [one for one in evaluator.take(KIT.samples(well), KIT.scene(400)) if one.verdict == "cleared"]
    assert (cleared.time - NOW) // SECOND == 380  # the last minute has less than 2 times what is allowed


def test_at_its_limit_a_sample_is_good() -> None:
    rule = KIT.rule(msgspec.structs.replace(BURN, limit=60.0), "temperature")
    assert told(rule, [(1, at, 60.0) for at in range(0, 400, 10)]) == []
    assert told(rule, [(1, at, 59.9) for at in range(0, 400, 10)])[0][0] is Verdict.RAISED


def test_a_late_sample_is_judged_as_long_as_a_window_that_is_remembered_holds_it() -> None:
    window = Sliding(size=600.0, step=60.0)
    rule = msgspec.structs.replace(KIT.rule(Threshold(limit=80.0), "temperature"), window=window)
    evaluator = Evaluator([rule])
    [watch] = evaluator.watches
    assert isinstance(watch, Values)
    evaluator.take(KIT.samples(samples([(1, at, 60.0) for at in range(0, 3_600, 30)])), KIT.scene(3_600))
    older = (int(watch.tracks.older.last[0]) - NOW) // SECOND
    evaluator.take(KIT.samples(samples([(1, older - 601, 60.5)])), KIT.scene(3_600))
    assert (watch.overdue_samples, watch.doubted) == (1, set())
    evaluator.take(KIT.samples(samples([(1, older - 599, 60.5)])), KIT.scene(3_600))
    assert (watch.overdue_samples, watch.doubted) == (1, {0})
