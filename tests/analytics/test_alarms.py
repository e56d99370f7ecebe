"""Devices' own alarms, from the message that ingest takes to the judgement."""

from pathlib import Path

import pytest

from analytics import rules
from analytics.evaluate import Evaluator
from analytics.samples import Samples, of_block, of_points
from contracts import events
from contracts.events import Alarm
from contracts.judgements import Judgement
from contracts.series import Points, Series
from contracts.topics import Channel, Device, Kind
from ingest.gather import Load
from ingest.parcel import Parcel
from ingest.settings import Settings
from ingest.stages import judge, stages
from tests.analytics.conftest import NOW, SECOND, Kit
from tests.ingest.parts import message

KIOSK = Device(site="bima", kind=Kind.KIOSK, device="kiosk-1")


def door(seconds: int, *, active: bool | None, name: str = "door.open") -> Alarm:
    return Alarm(id=f"{name} {seconds}", time=NOW + seconds * SECOND, name=name, active=active)


def taken(kit: Kit, *alarms: Alarm) -> Load:
    """What ingest makes of a message of a device's alarms."""
    load = Load()
    parcel = Parcel(
        message(events.encode(alarms), device=KIOSK, channel=Channel.EVENT, seq=1), NOW + 600 * SECOND
    )
    assert judge(parcel, load, stages(kit.roster(), Settings())) is None
    return load


@pytest.fixture
def evaluator(root: Path) -> Evaluator:
    found = rules.load([root / "deploy" / "rules" / "bima.yaml"])
    return Evaluator([rule for rule in found if rule.id == "device-alarm"])


def said(found: list[Judgement]) -> list[tuple[str, str, int]]:
    return [(one.verdict, one.evidence.instance, (one.time - NOW) // SECOND) for one in found]


def test_an_alarm_raises_and_its_end_clears(kit: Kit, evaluator: Evaluator) -> None:
    load = taken(kit, door(0, active=True), door(5, active=True, name="printer.jam"), door(60, active=False))
    found = evaluator.take(of_block(load.block), kit.scene(100))
    assert said(found) == [
        ("raised", "door.open", 0),
        ("cleared", "door.open", 60),
        ("raised", "printer.jam", 5),
    ]
    raised, cleared, _ = found
    assert raised.evidence.why.id == "Alarm dari perangkat (door.open)"
    assert cleared.evidence.why.en == "Alarm of the device (door.open) is over"
    assert raised.fingerprint == cleared.fingerprint


def test_an_alarm_that_does_not_say_whether_it_lasts_raises_nothing(kit: Kit, evaluator: Evaluator) -> None:
    """It would never end, and nobody could end it."""
    load = taken(kit, door(0, active=None))
    assert evaluator.take(of_block(load.block), kit.scene(100)) == []


def test_from_the_store_it_is_judged_the_same(kit: Kit, evaluator: Evaluator) -> None:
    load = taken(kit, door(0, active=True), door(60, active=False))
    columns: dict[Series, list[tuple[int, object]]] = {}
    for series, time, value in load.block.rows():
        columns.setdefault(series, []).append((time, value))
    ((series, rows),) = columns.items()
    read: Samples = of_points(
        [Points(series=series, times=[t for t, _ in rows], values=[str(v) for _, v in rows])]
    )
    assert said(evaluator.take(read, kit.scene(100))) == [
        ("raised", "door.open", 0),
        ("cleared", "door.open", 60),
    ]


def test_what_cannot_be_read_raises_nothing(kit: Kit, evaluator: Evaluator) -> None:
    series = kit.series("event.alarm", instance="door.open", unit="")
    assert evaluator.take(kit.samples([(series, 0, "open!")]), kit.scene(100)) == []
