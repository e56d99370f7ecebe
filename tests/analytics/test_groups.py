"""Groups of devices: so many of them, several sources at one place, and a group that falls silent."""

import random
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import rules
from analytics.evaluate import Evaluator, Kept
from analytics.tracks import NEVER
from analytics.values import FAR, Values
from analytics.watches import Scene
from contracts.judgements import Judgement, Severity, Text, Verdict
from contracts.roster import Entry
from contracts.rules import Absence, Across, Input, Of, Quorum, Rule, Side, Test, Threshold, Together
from contracts.series import Selector, Series
from contracts.topics import Kind
from devices.roster import Roster
from runtime.yamldoc import Wrong
from tests.analytics.conftest import NOW, SECOND

LATE = 30
PLACES = {1: "timur", 2: "timur", 3: "timur", 4: "barat", 5: "barat", 6: ""}
Sample = tuple[int, int, float]  # device, seconds after the kit's now, value


def rule(test: Test, *metrics: str, labels: dict[str, str] | None = None) -> Rule:
    return Rule(
        id="many",
        title=Text(id="Banyak", en="Many"),
        severity=Severity.SEVERE,
        select=Selector(metrics=metrics, labels=labels if labels is not None else msgspec.UNSET),
        test=test,
    )


def roster() -> Roster:
    return Roster(
        Entry(device=f"d-{n}", kind=Kind.SENSOR, site="bima", labels={"place": place} if place else {})
        for n, place in PLACES.items()
    )


def scene(seconds: float, away: Sequence[str] = ()) -> Scene:
    now = NOW + round(seconds * SECOND)
    return Scene(now=now, horizon=NOW - SECOND, roster=ROSTER, producer="analytics", away=frozenset(away))


ROSTER = roster()
QUORUM = rule(
    Quorum(limit=80.0, by="place", least=2, share=0.5, over=60.0, step=20.0, lateness=float(LATE)),
    "temperature",
)
TOGETHER = rule(
    Together(
        inputs={
            "hot": Input(select=Selector(metrics=("temperature",)), of=Of.MAX, over=60.0, across=Across.MEAN),
            "wet": Input(select=Selector(metrics=("humidity",)), of=Of.MEAN, over=40.0, empty=0.0),
        },
        when="hot > 80.0 || wet > 150.0",
        by="place",
        step=20.0,
        lateness=float(LATE),
        hold=20.0,
    )
)


def series(device: int, metric: str = "temperature") -> Series:
    return Series(site="bima", kind=Kind.SENSOR, device=f"d-{device}", metric=metric)


def told(found: Sequence[Judgement]) -> list[tuple[str, str, int]]:
    return [(one.verdict.value, one.labels.get("group", ""), (one.time - NOW) // SECOND) for one in found]


def take(evaluator: Evaluator, kit: object, rows: Sequence[Sample], seconds: float) -> list[Judgement]:
    metric = "temperature"
    shown = [(series(device, metric), float(at), value) for device, at, value in rows]
    return evaluator.take(kit.samples(shown), scene(seconds))  # type: ignore[attr-defined]


def test_so_many_of_a_place(kit: object) -> None:
    evaluator = Evaluator([QUORUM])
    rows = [(1, 5, 90.0), (2, 6, 90.0), (3, 7, 60.0), (4, 5, 90.0), (5, 5, 60.0), (6, 5, 99.0), (6, 6, 99.0)]
    assert take(evaluator, kit, rows, 30) == []
    more = [(1, 55, 90.0), (2, 55, 90.0), (3, 55, 60.0), (4, 55, 60.0), (5, 55, 60.0)]
    [raised] = take(evaluator, kit, more, 60)
    assert told([raised]) == [("raised", "timur", 20)]
    assert raised.labels == {"site": "bima", "group": "timur"}
    assert (raised.device, raised.site) == ("", "bima")
    assert raised.evidence.why.id == "2 dari 3 perangkat di atas batas 80: d-1, d-2"
    assert (raised.evidence.value, raised.evidence.expected) == (2, 2)
    well = [(1, 80, 60.0), (2, 80, 60.0), (3, 80, 60.0), (1, 140, 60.0)]
    [cleared] = take(evaluator, kit, well, 150)
    assert told([cleared]) == [("cleared", "timur", 100)]
    assert cleared.fingerprint == raised.fingerprint


def test_one_device_alone_is_no_quorum(kit: object) -> None:
    evaluator = Evaluator([QUORUM])
    assert take(evaluator, kit, [(1, 5, 90.0), (1, 80, 90.0)], 90) == []


def test_several_sources_at_one_place(kit: object) -> None:
    evaluator = Evaluator([TOGETHER])
    rows = [(series(1, "humidity"), 0.0, 80.0), (series(2, "humidity"), 0.0, 80.0)]
    more = [
        (series(1, "humidity"), 30.0, 80.0),
        (series(2, "humidity"), 30.0, 80.0),
        (series(1, "humidity"), 90.0, 1.0),
    ]
    found = evaluator.take(kit.samples([*rows, *more]), scene(100))  # type: ignore[attr-defined]
    assert told(found) == [("raised", "timur", 40)]
    assert found[0].evidence.why.id == "hot tidak diketahui, wet 160"


def plain(found: Sequence[Judgement]) -> list[Judgement]:
    return sorted((msgspec.structs.replace(one, judged=0) for one in found), key=lambda one: one.id)


ROWS = st.lists(
    st.tuples(
        st.integers(1, 6),
        st.integers(0, 300),
        st.sampled_from([60.0, 90.0, 100.1]),
        st.sampled_from(["temperature", "humidity"]),
    ),
    unique_by=lambda row: (row[0], row[1], row[3]),
    min_size=1,
    max_size=40,
)


@pytest.mark.parametrize("judge", [QUORUM, TOGETHER])
@settings(max_examples=40, deadline=None)
@given(ROWS, st.randoms(use_true_random=False), st.integers(1, 9))
def test_streamed_as_in_one_piece(
    kit: object, judge: Rule, rows: list[tuple[int, int, float, str]], chance: random.Random, cut: int
) -> None:
    def samples(part: Sequence[tuple[int, int, float, str]]) -> object:
        return kit.samples([(series(one[0], one[3]), float(one[1]), one[2]) for one in part])  # type: ignore[attr-defined]

    whole = Evaluator([judge])
    expected = whole.take(samples(rows), scene(400)) + whole.tick(scene(2_000), 0)  # type: ignore[arg-type]
    mixed = sorted(rows, key=lambda row: row[1] + chance.uniform(0, LATE - 1))
    evaluator = Evaluator([judge])
    found: list[Judgement] = []
    for first in range(0, len(mixed), cut):
        found += evaluator.take(samples(mixed[first : first + cut]), scene(400))  # type: ignore[arg-type]
        if chance.random() < 0.4:
            kept = msgspec.msgpack.decode(msgspec.msgpack.encode(evaluator.save()), type=list[Kept])
            evaluator = Evaluator([judge])
            assert evaluator.restore(kept, scene(400)) == []
    found += evaluator.tick(scene(2_000), 0)
    assert plain(found) == plain(expected)


def test_another_content_ends_what_was_said_of_groups(kit: object) -> None:
    before = Evaluator([QUORUM])
    rows = [(1, 5, 90.0), (2, 6, 90.0), (1, 60, 90.0)]
    [raised] = take(before, kit, rows, 60)
    changed = msgspec.structs.replace(QUORUM, severity=Severity.MINOR)
    [cleared] = Evaluator([changed]).restore(before.save(), scene(70))
    assert (cleared.verdict, cleared.fingerprint) == (Verdict.CLEARED, raised.fingerprint)


def test_what_comes_too_late_for_its_group_is_counted(kit: object) -> None:
    evaluator = Evaluator([QUORUM])
    take(evaluator, kit, [(1, 0, 90.0), (2, 200, 90.0), (1, 3, 90.0)], 200)
    take(evaluator, kit, [(1, 4, 90.0)], 200)
    assert evaluator.watches[0].overdue_samples == 1  # type: ignore[attr-defined]


def test_a_group_is_missed_when_all_of_it_are_silent(kit: object) -> None:
    absent = rule(Absence(silence=60.0, by="place"))
    evaluator = Evaluator([absent])
    take(evaluator, kit, [(1, 0, 1.0), (2, 50, 1.0), (4, 0, 1.0), (6, 0, 1.0)], 50)
    assert told(evaluator.tick(scene(70), 0)) == [("raised", "barat", 60)]
    assert not evaluator.overdue(scene(120, away=["d-1", "d-2"]), 0)
    [raised] = evaluator.tick(scene(120), 0)
    assert told([raised]) == [("raised", "timur", 110)]
    assert raised.evidence.why.id == "Tidak ada data dari satu perangkat pun selama 1 menit"
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(evaluator.save()), type=list[Kept])
    again = Evaluator([absent])
    assert again.restore(kept, scene(121)) == []
    assert told(take(again, kit, [(1, 125, 1.0)], 125)) == [("cleared", "timur", 125)]


def test_only_devices_with_the_labels_are_watched(kit: object) -> None:
    evaluator = Evaluator([rule(Threshold(limit=80.0), "temperature", labels={"place": "barat"})])
    found = take(evaluator, kit, [(1, 0, 99.0), (4, 0, 99.0), (6, 0, 99.0)], 5)
    assert [one.device for one in found] == ["d-4"]
    [watch] = evaluator.watches
    assert isinstance(watch, Values)
    newest = [watch.newest(series(device)) for device in (1, 4, 5, 6)]  # of what the store must be asked
    assert newest == [FAR, NOW, NEVER, FAR]


HEAD = "- id: a\n  title: { id: a, en: a }\n  severity: minor\n  select: {}\n  test:\n"
TOGETHER_TEXT = (
    HEAD + "    type: together\n    inputs:\n"
    "      hot: { select: { metrics: [temperature] } }\n    when: hot > 5\n"
)
QUORUM_TEXT = HEAD.replace("{}", "{ metrics: [temperature] }") + "    type: quorum\n    limit: 5\n"


@pytest.mark.parametrize(
    "text,old,new,line,reason",
    [
        (TOGETHER_TEXT, "hot > 5", "hot >", 9, "when: not CEL"),
        (TOGETHER_TEXT, "hot > 5", "cold > 5", 9, "no such input"),
        (TOGETHER_TEXT, "hot:", "Hot:", 8, "is no name"),
        (TOGETHER_TEXT, "{ metrics: [temperature] }", "{}", 8, "name at least one"),
        (TOGETHER_TEXT, "[temperature] } }", "[temperature] }, over: 7 }", 8, "over: seconds"),
        (TOGETHER_TEXT, "[temperature] } }", "[temperature] }, of: length }", 8, "for sessions"),
        (TOGETHER_TEXT, "select: {}", "select: { metrics: [temperature] }", 4, "belong to the inputs"),
        (TOGETHER_TEXT, "when: hot > 5", "when: hot > 5\n    lateness: -1", 10, "0 to 3600"),
        (TOGETHER_TEXT, "when: hot > 5", "when: hot > 5\n    by: Place Name", 10, "neither `site` nor"),
        (QUORUM_TEXT, "limit: 5", "limit: 5\n    side: both", 8, "write two rules"),
        (QUORUM_TEXT, "limit: 5", "limit: 5\n    least: 0", 8, "1 device or more"),
        (QUORUM_TEXT, "limit: 5", "limit: 5\n    least: 3", 5, "at least the 3 devices"),
        (QUORUM_TEXT, "limit: 5", "limit: 5\n    step: 7", 8, "a whole number of times"),
        (QUORUM_TEXT, "select: { metrics: [temperature] }", "select: {}", 4, "name at least one"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, old: str, new: str, line: int, reason: str) -> None:
    path = tmp_path / "rules.yaml"
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(Wrong) as caught:
        rules.load([path])
    assert reason in caught.value.reason
    assert caught.value.line == line


def test_below_a_limit_too(kit: object) -> None:
    test = Quorum(limit=80.0, side=Side.BELOW, least=2, over=60.0, step=20.0)
    evaluator = Evaluator([rule(test, "temperature")])
    found = take(evaluator, kit, [(1, 0, 60.0), (6, 1, 60.0), (4, 2, 99.0), (1, 60, 60.0)], 60)
    assert told(found) == [("raised", "", 20)]
