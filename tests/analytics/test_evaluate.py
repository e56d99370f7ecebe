"""Rules at work: what is said, of whom, and when nothing is."""

import math

import msgspec
import numpy as np
import pytest

from analytics.detectors.hour_of_week import Baseline
from analytics.evaluate import Evaluator
from analytics.samples import of_points
from analytics.values import Values
from contracts import judgements
from contracts.judgements import Judgement, Verdict
from contracts.roster import Window
from contracts.rules import Absence, HourOfWeek, Side, Threshold
from contracts.series import Data, Points, Series, Value
from tests.analytics.conftest import Kit

SECOND = 1_000_000
HOT = Threshold(limit=80, clear=70)


def said(found: list[Judgement]) -> list[tuple[Verdict, str, float]]:
    return [(one.verdict, one.device, one.time) for one in found]


def test_a_judgement_tells_rule_subject_and_evidence(kit: Kit) -> None:
    rule = kit.rule(msgspec.structs.replace(HOT, hold=10.0), "temperature")
    series = kit.series(instance="cpu")
    samples = kit.samples([(series, 0, 85.0), (series, 10, 90.5), (series, 20, 60.0), (series, 30, 61.0)])
    raised, cleared = Evaluator([rule]).take(samples, kit.scene(60))
    labels = {
        "site": "bima",
        "kind": "kiosk",
        "device": "kiosk-1",
        "metric": "temperature",
        "instance": "cpu",
    }
    mark = judgements.fingerprint(rule.id, labels)
    at = kit.now + 10 * SECOND
    assert (raised.verdict, raised.rule, raised.rule_hash) == (Verdict.RAISED, rule.id, rule.hash)
    assert (raised.labels, raised.fingerprint) == (labels, mark)
    assert raised.id == judgements.identity(mark, rule.hash, Verdict.RAISED, at)
    assert (raised.site, raised.device, raised.producer) == ("bima", "kiosk-1", "analytics")
    assert (raised.time, raised.judged, raised.probe) == (at, kit.now + 60 * SECOND, False)
    evidence = raised.evidence
    assert (evidence.value, evidence.expected, evidence.unit) == (90.5, 80, "Cel")
    assert (evidence.start, evidence.end) == (kit.now, at)
    assert evidence.why.id == "Suhu (cpu) 90,5 °C, di atas batas 80 °C selama 10 detik"
    assert evidence.why.en == "Temperature (cpu) 90.5 °C, above the limit of 80 °C for 10 seconds"
    assert (cleared.verdict, cleared.fingerprint) == (Verdict.CLEARED, mark)
    assert cleared.time == kit.now + 30 * SECOND


def test_only_selected_series_are_judged(kit: Kit) -> None:
    evaluator = Evaluator([kit.rule(HOT, "temperature", instance="cpu")])
    rows = [
        (kit.series("humidity"), 0, 99.0),
        (kit.series(), 0, 99.0),
        (kit.series(instance="disk"), 0, 99.0),
        (kit.series(instance="cpu"), 0, 99.0),
        (kit.series(device="kiosk-2", instance="cpu"), 0, 99.0),
    ]
    found = evaluator.take(kit.samples(rows), kit.scene())
    assert [one.device for one in found] == ["kiosk-1", "kiosk-2"]


def test_what_is_no_number_is_passed_over_and_a_flag_is_0_or_1(kit: Kit) -> None:
    rule = kit.rule(Threshold(limit=0.5, side=Side.BELOW), "network.up")
    series = kit.series("network.up", instance="eth0", unit="")
    rows: list[tuple[Series, float, Value]] = [
        (series, 0, True),
        (series, 1, "down"),
        (series, 2, Data(b"x")),
        (series, 3, False),
    ]
    [raised] = Evaluator([rule]).take(kit.samples(rows), kit.scene(5))
    assert raised.time == kit.now + 3 * SECOND


def test_late_and_old_samples_say_nothing_yet(kit: Kit) -> None:
    evaluator = Evaluator([kit.rule(HOT, "temperature")])
    [watch] = evaluator.watches
    series = kit.series()
    assert evaluator.take(kit.samples([(series, -90_000, 99.0)]), kit.scene()) == []  # 25 hours ago
    assert evaluator.take(kit.samples([(series, 10, 60.0)]), kit.scene(10)) == []
    assert evaluator.take(kit.samples([(series, 9, 99.0), (series, 10, 99.0)]), kit.scene(10)) == []
    assert isinstance(watch, Values)
    assert (len(watch.doubted), watch.old) == (1, 1)
    assert len(evaluator.take(kit.samples([(series, 11, 99.0)]), kit.scene(11))) == 1


def test_the_order_in_a_write_does_not_matter(kit: Kit) -> None:
    series = kit.series()
    rows = [(series, 2, 60.0), (series, 0, 60.0), (series, 1, 99.0)]
    found = Evaluator([kit.rule(HOT, "temperature")]).take(kit.samples(rows), kit.scene(5))
    assert [one.verdict for one in found] == [Verdict.RAISED, Verdict.CLEARED]


def test_nothing_is_raised_under_planned_maintenance(kit: Kit) -> None:
    roster = kit.roster(Window(start=kit.now, end=kit.now + 100 * SECOND))
    evaluator = Evaluator([kit.rule(HOT, "temperature"), kit.rule(Absence(silence=30), id_="silent")])
    assert evaluator.take(kit.samples([(kit.series(), 50, 99.0)]), kit.scene(50, roster)) == []
    assert evaluator.tick(kit.scene(99, roster), 0) == []
    assert evaluator.tick(kit.scene(129, roster), 0) == []  # it had no time to speak yet
    assert said(evaluator.tick(kit.scene(130, roster), 0)) == [
        (Verdict.RAISED, "kiosk-1", kit.now + 80 * SECOND)
    ]
    hot = evaluator.take(kit.samples([(kit.series(), 131, 99.0)]), kit.scene(131, roster))
    assert [(one.rule, one.verdict) for one in hot] == [
        ("kiosk-hot", Verdict.RAISED),
        ("silent", Verdict.CLEARED),
    ]


def test_silence_is_judged_by_device_once(kit: Kit) -> None:
    evaluator = Evaluator([kit.rule(Absence(silence=30), id_="silent")])
    rows: list[tuple[Series, float, Value]] = [
        (kit.series(), 0, 1.0),
        (kit.series("label", unit=""), 5, "on"),
        (kit.series("status", unit=""), 9, "offline"),
        (kit.series(device="kiosk-2"), 20, 1.0),
    ]
    assert evaluator.take(kit.samples(rows), kit.scene(20)) == []
    assert not evaluator.overdue(kit.scene(35), 0)
    assert evaluator.overdue(kit.scene(36), 0)
    [raised] = evaluator.tick(kit.scene(36), 0)
    assert (raised.device, raised.verdict, raised.time) == ("kiosk-1", Verdict.RAISED, kit.now + 35 * SECOND)
    assert raised.labels == {"site": "bima", "kind": "kiosk", "device": "kiosk-1"}
    assert raised.evidence.why.id == "Tidak ada data selama 31 detik"
    assert evaluator.tick(kit.scene(40), 0) == []
    late = kit.samples([(kit.series(), 6, 1.0)])
    assert evaluator.take(late, kit.scene(45)) == []  # it speaks, but of long ago
    [cleared] = evaluator.take(kit.samples([(kit.series(), 44, 1.0)]), kit.scene(45))
    assert (cleared.verdict, cleared.fingerprint) == (Verdict.CLEARED, raised.fingerprint)


def test_an_unknown_device_is_not_missed(kit: Kit) -> None:
    evaluator = Evaluator([kit.rule(Absence(silence=30), id_="silent")])
    evaluator.take(kit.samples([(kit.series(device="stranger"), 0, 1.0)]), kit.scene())
    assert evaluator.tick(kit.scene(1000), 0) == []


def test_who_is_known_to_be_away_is_not_missed_as_well(kit: Kit) -> None:
    evaluator = Evaluator([kit.rule(Absence(silence=30), id_="silent")])
    evaluator.take(kit.samples([(kit.series(), 0, 1.0), (kit.series(device="kiosk-2"), 0, 1.0)]), kit.scene())
    away = kit.scene(100, away={"kiosk-1"})
    assert [one.device for one in evaluator.tick(away, 0)] == ["kiosk-2"]
    assert [one.device for one in evaluator.tick(kit.scene(101), 0)] == ["kiosk-1"]  # there, and still silent


def test_an_unusual_hour(kit: Kit) -> None:
    rule = kit.rule(HourOfWeek(side=Side.ABOVE, least_weeks=2, least=20), "people.count", id_="crowd")
    evaluator = Evaluator([rule])
    series = kit.series("people.count", unit="count")
    [learner] = evaluator.learning
    history = np.array([kit.now - week * 7 * 86_400 * SECOND for week in (1, 2, 3)])
    learner.baseline = Baseline(1)
    learner.baseline.learn(learner.tracks.row(series), history, np.array([10.0, 11.0, 12.0]))
    assert evaluator.take(kit.samples([(series, 0, 31.0)]), kit.scene()) == []
    [raised] = evaluator.take(kit.samples([(series, 1, 31.1)]), kit.scene())
    evidence = raised.evidence
    assert (evidence.expected, evidence.low, evidence.high) == (11, -9, 31)
    assert evidence.why.id.endswith("31,1, biasanya 0 sampai 31 pada jam ini")


@pytest.mark.parametrize("change", ["gone", "other selection", "other kind"])
def test_what_fires_is_cleared_when_its_rule_no_longer_watches_it(kit: Kit, change: str) -> None:
    old = kit.rule(HOT, "temperature")
    before = Evaluator([old])
    [raised] = before.take(kit.samples([(kit.series(), 0, 99.0)]), kit.scene())
    new = {
        "gone": [],
        "other selection": [kit.rule(HOT, "humidity")],
        "other kind": [kit.rule(Absence(silence=1), "temperature")],
    }[change]
    [cleared] = Evaluator(new).restore(before.save(), kit.scene())
    assert (cleared.verdict, cleared.fingerprint) == (Verdict.CLEARED, raised.fingerprint)


def test_a_rule_of_new_content_keeps_what_fires_and_starts_its_timers_anew(kit: Kit) -> None:
    before = Evaluator([kit.rule(Threshold(limit=80, hold=10), "temperature")])
    firing, waiting = kit.series(device="kiosk-1"), kit.series(device="kiosk-2")
    rows = [(firing, 0, 99.0), (firing, 10, 99.0), (waiting, 10, 99.0)]
    assert len(before.take(kit.samples(rows), kit.scene(10))) == 1
    after = Evaluator([kit.rule(Threshold(limit=90, hold=10), "temperature")])
    assert after.restore(before.save(), kit.scene(10)) == []
    more = [(firing, 20, 50.0), (firing, 30, 50.0), (waiting, 20, 99.0), (waiting, 29, 99.0)]
    assert said(after.take(kit.samples(more), kit.scene(30))) == [
        (Verdict.CLEARED, "kiosk-1", kit.now + 30 * SECOND)
    ]


def test_points_of_the_store_are_samples_too(kit: Kit) -> None:
    points = [
        Points(series=kit.series(), times=(1, 2), values=(1.0, True)),
        Points(series=kit.series("x"), times=(3,), values=("a",)),
    ]
    samples = of_points(points)
    assert samples.index.tolist() == [0, 0, 1]
    assert samples.times.tolist() == [1, 2, 3]
    assert samples.values.tolist()[:2] == [1, 1]
    assert math.isnan(samples.values[2])
