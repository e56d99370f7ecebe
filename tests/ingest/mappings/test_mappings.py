"""Third parties' messages as samples: patterns, what is read, what is refused, and the files that say it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from app.cli import imm
from contracts import instants
from contracts.errors import Refused
from ingest.gather import Load
from ingest.mappings.load import Mappings, load
from ingest.mappings.model import Field, Mapping
from ingest.mappings.pattern import Pattern
from ingest.mappings.pointer import find
from ingest.mappings.trying import attempt, faults
from ingest.parcel import Parcel, Reason, Verdict
from ingest.settings import Settings
from ingest.stages import judge, stages
from runtime.clock import Fake
from runtime.yamldoc import Wrong
from tests.ingest.parts import Message, Roster

NOW = Fake().now()
LEVEL = st.text(
    st.characters(exclude_characters="/+#\0{}", exclude_categories=["Cs"]), min_size=1, max_size=8
)
GATE = Mapping(
    name="gate",
    topic="zigbee/{name}",
    device="{name}",
    names={"Gerbang Timur": "kiosk-1"},
    time="/seen",
    zone="Asia/Jakarta",
    fields=(
        Field(pointer="/climate/0/temp", metric="temperature", unit="Cel", scale=0.1),
        Field(pointer="/door~1open", metric="door.open"),
        Field(pointer="/mode", metric="mode", values={"eco": 1.0, "3": 2.0}),
        Field(pointer="/absent", metric="absent"),
    ),
)


def judged(
    mapping: Mapping,
    roster: Roster,
    payload: object,
    topic: str = "zigbee/Gerbang Timur",
    *,
    retain: bool = False,
) -> tuple[Load, Verdict | None]:
    raw = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
    line, gathered = stages(roster, Settings(), mappings=Mappings([mapping])), Load()
    message = Message(topic, raw, properties={}, retain=retain)
    return gathered, judge(Parcel(message, NOW), gathered, line)


def test_a_message_becomes_its_devices_samples(roster: Roster) -> None:
    seen = NOW // 1_000_000 * 1_000_000
    document = {"seen": seen // 1_000, "climate": [{"temp": "305"}], "door/open": True, "mode": 3}
    gathered, verdict = judged(GATE, roster, document)
    assert verdict is None
    assert [(s.device, s.metric, t, v) for s, t, v in gathered.block.rows()] == [
        ("kiosk-1", "temperature", seen, 30.5),
        ("kiosk-1", "door.open", seen, True),
        ("kiosk-1", "mode", seen, 2.0),
    ]


@pytest.mark.parametrize(
    "payload,field",
    [
        (b"nonsense", "payload"),
        (b"\xff", "payload"),
        (b"[" * 100_000, "payload"),
        (b"{}", "/seen"),
        (b'{"seen": 1790000000}', "payload"),
        (b'{"seen": 1790000000, "door/open": []}', "/door~1open"),
        (b'{"seen": 1790000000, "mode": "fast"}', "/mode"),
        (b'{"seen": 1790000000, "climate": [{"temp": "warm"}]}', "/climate/0/temp"),
        (b'{"seen": 1790000000, "climate": [{"temp": "nan"}]}', "/climate/0/temp"),
        (
            b'{"seen": 1790000000, "door/open": true, "climate": [{"temp": 9' + b"9" * 400 + b"}]}",
            "/climate/0/temp",
        ),
        (b'{"seen": true}', "/seen"),
        (b'{"seen": "yesterday"}', "/seen"),
    ],
)
def test_what_is_wrong_is_named_and_adds_nothing(roster: Roster, payload: bytes, field: str) -> None:
    gathered, verdict = judged(GATE, roster, payload)
    assert verdict is not None
    assert (verdict.reason, verdict.field) == (Reason.CONTENT, field)
    assert not gathered.block


def test_a_local_time_is_of_the_mappings_zone(roster: Roster) -> None:
    local = instants.to_datetime(NOW + 7 * instants.HOUR).replace(tzinfo=None).isoformat()
    gathered, verdict = judged(GATE, roster, {"seen": local, "door/open": False})
    assert verdict is None
    assert list(gathered.block.times) == [NOW]
    without = msgspec.structs.replace(GATE, zone="")
    _, verdict = judged(without, roster, {"seen": local, "door/open": False})
    assert verdict is not None
    assert "zone" in verdict.why


@pytest.mark.parametrize(
    "topic,reason",
    [("zigbee/nobody", Reason.DEVICE), ("zigbee/Not An Id", Reason.DEVICE), ("other/x", Reason.TOPIC)],
)
def test_nobody_speaks_for_an_unknown_device(roster: Roster, topic: str, reason: Reason) -> None:
    _, verdict = judged(GATE, roster, {"seen": 1_790_000_000, "door/open": True}, topic)
    assert verdict is not None
    assert verdict.reason is reason


def test_a_retained_message_counts_only_where_it_tells_its_time(roster: Roster) -> None:
    timeless = msgspec.structs.replace(GATE, time="")
    _, verdict = judged(timeless, roster, {"door/open": True}, retain=True)
    assert verdict is not None
    assert verdict.reason is Reason.RETAINED
    seen = instants.to_rfc3339(NOW)
    assert judged(GATE, roster, {"seen": seen, "door/open": True}, retain=True)[1] is None


@given(
    st.lists(st.one_of(LEVEL, st.sampled_from(["{a}", "{b}"])), min_size=1, max_size=5, unique=True),
    st.data(),
)
def test_a_pattern_hears_what_it_matches(levels: list[str], data: st.DataObject) -> None:
    pattern = Pattern("/".join(["own", *levels]))
    values = {name: data.draw(LEVEL) for name in pattern.variables}
    topic = pattern.filled(values)
    assert pattern.match(topic) == values
    assert pattern.match(topic + "/more") is None
    assert pattern.match("x" + topic) is None
    assert pattern.filter.count("+") == len(values)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/x",
        "{any}/x",
        "imm/v1/x",
        "$SYS/x",
        "a/+/b",
        "a/#",
        "a/pre{x}",
        "a/{X}",
        "a/{x}/{x}",
        "a/" + "b" * 300,
    ],
)
def test_a_pattern_reaches_nothing_that_is_not_its(text: str) -> None:
    with pytest.raises(Refused):
        Pattern(text)


@given(st.lists(st.sampled_from(["x", "y", "{a}"]), min_size=1, max_size=3))
def test_two_that_could_read_one_topic_do_not_stand_together(levels: list[str]) -> None:
    text = "own/" + "/".join(level.replace("a", f"v{place}") for place, level in enumerate(levels))
    other = Mapping(name="other", topic="own/x/y", device="kiosk-1", fields=(Field(metric="m"),))
    mapping = msgspec.structs.replace(other, name="one", topic=text)
    if mapping.pattern.match("own/x/y") is not None:
        with pytest.raises(Refused, match="same topics"):
            Mappings([mapping, other])
    else:
        Mappings([mapping, other])


def test_topics_of_which_nothing_is_read_are_not_heard() -> None:
    relay = Mapping(
        name="relay",
        topic="stat/{node}/{relay}",
        device="s-{node}",
        names={"AB": "ab"},
        format="text",
        fields=(
            Field(when={"relay": "POWER"}, metric="relay.on"),
            Field(when={"relay": "POWER2"}, metric="relay.on", instance="2"),
        ),
    )
    assert relay.filters == ["stat/+/POWER", "stat/+/POWER2"]
    assert relay.written_by("s-ab") == ["stat/AB/POWER", "stat/AB/POWER2", "stat/ab/POWER", "stat/ab/POWER2"]
    assert relay.written_by("s-cd") == ["stat/cd/POWER", "stat/cd/POWER2"]
    assert relay.written_by("kiosk-1") == []
    made = attempt(Mappings([relay]), "stat/AB/POWER2", b" ON \n", now=NOW)
    assert (made.device, made.values) == ("s-ab", {"relay.on_2": "ON"})


@pytest.mark.parametrize(
    "pointer,value", [("", {"a": [1]}), ("/a/0", 1), ("/a/00", None), ("/a/1", None), ("/b", None)]
)
def test_pointers(pointer: str, value: object) -> None:
    assert find({"a": [1]}, pointer) == value


GOOD = """\
- name: plain
  topic: sensors/{device}/{what}
  device: "{device}"
  fields:
    - { when: { what: t }, metric: temperature, unit: Cel }
  samples:
    - { topic: sensors/a/t, payload: "21.5", device: a, values: { temperature: 21.5 } }
"""


def written(folder: Path, text: str, name: str = "m.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "old,new,line,reason",
    [
        ("unit: Cel", "unit: K", 5, "temperature is measured in Cel"),
        ("metric: temperature", "metric: status", 5, "reserved"),
        ("what: t }", "where: t }", 1, "no level"),
        ("topic: sensors/{device}/{what}", "topic: imm/v1/{device}/{what}", 2, "a name of its own"),
        ("  device:", "  devise:", 3, "devise"),
        ("name: plain", "name: Plain", 1, "a-z"),
        ("unit: Cel", "unit: Cel, values: { ON: true }", 5, "quotes"),
        ("  fields:", "  zone: Mars/Base\n  fields:", 4, "time zone"),
        ("- { when", "- { pointer: a, when", 5, "starts with /"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, reason: str
) -> None:
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(Wrong, match=reason) as error:
        load([path])
    assert (error.value.path, error.value.line) == (path, line)


def test_two_files_that_meet_are_refused_at_the_second(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "a.yaml")
    second = written(tmp_path, GOOD.replace("name: plain", "name: other"), "b.yaml")
    with pytest.raises(Wrong, match="plain reads the same topics") as error:
        load([tmp_path])
    assert (error.value.path, error.value.line) == (second, 2)


def test_shipped_mappings_read_their_samples(root: Path) -> None:
    book = load([root / "deploy" / "mappings"])
    assert {"tasmota", "zigbee2mqtt", "plain"} <= {one.name for one in book.mappings}
    assert all(one.samples for one in book.mappings)
    assert [fault for one in book.mappings for fault in faults(one, now=NOW)] == []


@pytest.mark.parametrize(
    "old,new,fault",
    [
        ("temperature: 21.5", "temperature: 21.6", "temperature is 21.5 instead of 21.6"),
        ("temperature: 21.5", "humidity: 21.5", "no humidity"),
        ("device: a, v", "device: b, v", "device a instead of b"),
        ('payload: "21.5"', 'payload: "warm"', "payload"),
    ],
)
def test_a_sample_that_comes_out_otherwise_is_told(tmp_path: Path, old: str, new: str, fault: str) -> None:
    path = written(tmp_path, GOOD.replace(old, new))
    told = run("mapping", "try", str(path))
    assert told.exit_code == 1
    assert fault in str(told.exception) + told.output


def run(*words: str, **options: Any) -> Any:
    return CliRunner().invoke(imm, list(words), **options)


def test_one_message_is_tried_before_anything_depends_on_it(tmp_path: Path) -> None:
    path = str(written(tmp_path, GOOD))
    assert run("mapping", "try", path).exit_code == 0
    told = run("mapping", "try", path, "--topic", "sensors/x-9/t", "--json", input="30.25\n")
    made = msgspec.json.decode(told.output)
    assert (made["mapping"], made["device"], made["values"]) == ("plain", "x-9", {"temperature": 30.25})
    refused = run("mapping", "try", path, "--topic", "sensors/x-9/t", "--payload", "hot")
    assert refused.exit_code == 1
    assert "dead letter" in refused.output
