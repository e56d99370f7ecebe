"""A device finds by itself what is wrong: each alert begins once and ends once, whoever is killed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import events
from contracts.batches import EVENTS
from contracts.topics import Device, Kind
from edge.alerts.board import Board
from edge.alerts.desired import rules
from edge.alerts.rule import USUAL, Rule, merged
from edge.recorder import Reading, Recorder
from edge.state import Folder
from runtime.clock import Fake
from runtime.spool import Lane, Spool

DEVICE = Device(site="bima", kind=Kind.KIOSK, device="k1")
HOT = Rule(name="temperature.high", metric="temperature", above=80.0, back=5.0, for_s=60.0, text="hot")


class Desk:
    """A device with a board, and what it told the centre."""

    def __init__(self, folder: Path, *rules: Rule) -> None:
        self.folder = Folder(folder)
        self.rules = rules
        self.clock = Fake()
        self.box = Spool(folder / "spool.db", clock=self.clock)
        self.recorder = Recorder(self.box, DEVICE, self.clock)
        self.start()

    def start(self) -> None:
        self.board = Board(self.rules, self.folder, self.clock)

    async def read(self, *values: float | bool, metric: str = "temperature", instance: str = "") -> None:
        for value in values:
            self.clock.advance(10)
            turns = self.board.judge([Reading(metric=metric, value=value, instance=instance)])
            await self.board.tell(turns, self.recorder)

    def told(self) -> list[tuple[str, bool | None]]:
        waiting = self.box.due(Lane.EVENT, after=0, count=999, size=10**9)
        found = [
            event
            for batch in waiting
            if batch.content_type == EVENTS
            for event in events.decode(batch.payload)
        ]
        return [(event.name, event.active) for event in found if isinstance(event, events.Alarm)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, HOT)
    yield made
    made.box.close()


async def test_what_lasts_begins_once_and_is_over_once_it_is_well_back(desk: Desk) -> None:
    await desk.read(*[90.0] * 6)
    assert desk.told() == []
    await desk.read(90.0, 91.0, 78.0, 76.0)  # below the limit is not yet well
    assert desk.told() == [("temperature.high", True)]
    (alert,) = desk.board.active
    assert (alert.value, alert.text) == (76.0, "hot")
    assert desk.clock.now() - alert.since == 90_000_000
    await desk.read(75.0, 74.0)
    assert desk.told() == [("temperature.high", True), ("temperature.high", False)]
    assert desk.board.active == ()


async def test_a_peak_is_no_alert(desk: Desk) -> None:
    for _ in range(5):
        await desk.read(*[90.0] * 5, 70.0)
    assert desk.told() == []


async def test_an_alert_that_was_told_is_ended_after_a_restart(desk: Desk) -> None:
    await desk.read(*[90.0] * 8)
    desk.start()
    await desk.read(90.0)
    assert len(desk.told()) == 1, "not told twice"
    desk.start()
    await desk.read(20.0)
    assert desk.told()[-1] == ("temperature.high", False)
    desk.start()
    assert desk.board.active == ()


async def test_each_part_has_its_own_alert_and_one_that_is_gone_is_over(desk: Desk) -> None:
    for _ in range(8):
        await desk.read(90.0, instance="cpu-1")
        await desk.read(20.0, instance="CPU-2")
    assert desk.told() == [("temperature.high.cpu-1", True)]
    desk.clock.advance(700)
    await desk.read(20.0, instance="CPU-2")
    assert desk.told()[-1] == ("temperature.high.cpu-1", False)


async def test_a_rule_that_is_taken_away_ends_its_alerts(desk: Desk) -> None:
    await desk.read(*[90.0] * 8)
    desk.board.replace([])
    await desk.read(90.0)
    assert desk.told()[-1] == ("temperature.high", False)


async def test_flags_and_lower_limits_are_rules_too(tmp_path: Path) -> None:
    flag = Rule(name="door.open", metric="door.open", equals=True, for_s=0)
    low = Rule(name="battery.low", metric="battery.level", below=20.0, back=5.0, for_s=0)
    desk = Desk(tmp_path, flag, low)
    await desk.read(False, True, True, False, metric="door.open")
    await desk.read(30.0, 19.0, 24.0, 26.0, metric="battery.level")
    assert desk.told() == [
        ("door.open", True),
        ("door.open", False),
        ("battery.low", True),
        ("battery.low", False),
    ]
    desk.box.close()


def test_begins_and_ends_alternate_whatever_happens(tmp_path_factory: pytest.TempPathFactory) -> None:
    @given(st.lists(st.one_of(st.just("restart"), st.sampled_from([20.0, 78.0, 90.0])), max_size=60))
    @settings(max_examples=40, deadline=None)
    def hold(steps: list[float | str]) -> None:
        asyncio.run(_play(tmp_path_factory.mktemp("board"), steps))

    hold()


async def _play(folder: Path, steps: list[float | str]) -> None:
    rule = Rule(name="t", metric="temperature", above=80.0, back=5.0, for_s=20.0)
    desk = Desk(folder, rule)
    for step in steps:
        if isinstance(step, str):
            desk.start()
        else:
            await desk.read(step)
    told = [active for _, active in desk.told()]
    assert told == [number % 2 == 0 for number in range(len(told))]
    assert bool(desk.board.active) == (len(told) % 2 == 1)
    desk.box.close()


@pytest.mark.parametrize(
    "fields,reason",
    [
        ({"name": "Hot!", "above": 1.0}, "dots and hyphens"),
        ({"name": "hot"}, "exactly one"),
        ({"name": "hot", "above": 1.0, "below": 0.0}, "exactly one"),
        ({"name": "hot", "above": 1.0, "for_s": -1.0}, "for_s"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Rule(metric="temperature", **fields)  # type: ignore[arg-type]  # on purpose


def test_a_devices_own_rule_takes_the_place_of_a_usual_one() -> None:
    names = [rule.name for rule in merged((HOT,))]
    assert names == [rule.name for rule in USUAL]
    assert merged((HOT,))[0] is HOT


def test_the_desks_thresholds_are_rules() -> None:
    above, below = rules({"disk.utilization": {"above": 0.9, "below": 0.01, "seconds": 30}})
    assert (above.name, above.above, above.for_s) == ("disk.utilization.above", 0.9, 30.0)
    assert (below.name, below.below) == ("disk.utilization.below", 0.01)
