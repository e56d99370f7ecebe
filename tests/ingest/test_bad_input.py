"""Whatever comes: kept with field, value and reason; neighbours are stored; nothing crashes."""

import asyncio
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cbor2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from contracts import batches
from contracts.instants import DAY
from contracts.series import Selector
from contracts.topics import Channel
from ingest.gather import Load
from ingest.parcel import Parcel, Reason
from ingest.settings import Settings, Share
from ingest.stages import judge, stages
from ingest.worker import Worker
from runtime.clock import Fake
from store.bundle import Store, open_store
from store.settings import Embedded, Frames
from store.settings import Settings as StoreSettings
from tests.ingest.parts import GATE, PARK, Message, Roster, message

FOLDER = Path(__file__).parents[1] / "cases" / "bad-input"
CASES: list[dict[str, Any]] = tomllib.loads((FOLDER / "cases.toml").read_text())["case"]


def sent(case: dict[str, Any], seq: int = 0) -> Message:
    """The case's message, numbered where it does not bring a place of its own."""
    if "file" in case:
        payload = (FOLDER / case["file"]).read_bytes()
    else:
        payload = (case["head"] + case.get("part", "") * case.get("count", 0) + case.get("tail", "")).encode()
    channel = Channel(case.get("channel", "telemetry"))
    own_place = "stream" in case.get("properties", {}) or channel is Channel.STATUS
    return message(
        payload,
        channel=channel,
        topic=case.get("topic", ""),
        seq=0 if own_place else seq,
        properties=case.get("properties"),
        content_type=case.get("content_type", ""),
    )


def title(case: dict[str, Any]) -> str:
    return str(case.get("name") or case["file"])


@pytest.mark.parametrize("case", CASES, ids=title)
def test_each_is_refused_by_name(case: dict[str, Any], roster: Roster, clock: Fake) -> None:
    load = Load()
    verdict = judge(Parcel(sent(case), clock.now()), load, stages(roster, Settings()))
    assert verdict is not None
    assert (verdict.reason.value, verdict.field) == (case["reason"], case["field"])
    assert verdict.why
    assert verdict.value or "empty" in title(case) or verdict.field in ("content_type", "epoch")
    assert len(verdict.value) <= 120
    assert verdict.value.isprintable()
    assert load.mark() == Load().mark()


def test_every_file_is_a_case() -> None:
    named = {case["file"] for case in CASES if "file" in case} | {"cases.toml"}
    assert named == {path.name for path in FOLDER.iterdir()}


@pytest.fixture
def store(tmp_path: Path, clock: Fake) -> Iterator[Store]:
    settings = StoreSettings(
        embedded=Embedded(path=tmp_path / "imm.duckdb", memory_mb=128),
        frames=Frames(path=tmp_path / "frames"),
    )
    with open_store(settings, clock) as opened:
        yield opened


class Client:
    """Takes receipts."""

    def __init__(self) -> None:
        self.receipts: list[bytes] = []

    def subscribe(self, topic_filter: str, handler: object, qos: int = 1) -> None: ...

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1) -> None:
        self.receipts.append(payload)

    def pause(self) -> None: ...
    def resume(self) -> None: ...


async def test_all_of_them_are_kept_and_the_neighbour_is_stored(
    store: Store, roster: Roster, clock: Fake
) -> None:
    client = Client()
    worker = Worker(
        name="w1",
        client=client,
        sink=store.sink,
        frames=store.frames,
        roster=roster,
        feed=lambda _: None,
        clock=clock,
        settings=Settings(share=Share(letters_per_s=1_000)),
        registry=CollectorRegistry(),
    )
    task = asyncio.create_task(worker.run())
    messages: list[Message] = []
    for seq, case in enumerate(CASES, 1):
        time = (clock.now() - seq * 1_000) / 1e6
        good = message([{"n": "x", "v": float(seq), "t": time}], device=PARK, seq=seq)
        messages += [sent(case, seq), good]
    for one in messages:
        worker.handle(one)
    async with asyncio.timeout(30):
        while not all(one.acks for one in messages):
            assert not task.done()
            await asyncio.sleep(0.01)
    worker.stop()
    await task
    letters = store.dead_letters.list(limit=1_000)
    found = sorted((letter.reason.partition(":")[0], letter.field) for letter in letters)
    assert found == sorted((case["reason"], case["field"]) for case in CASES)
    assert {letter.payload for letter in letters} == {sent(case).payload for case in CASES}
    (points,) = store.engine.range(Selector(devices=(PARK.device,)), clock.now() - DAY, clock.now())
    assert sorted(v for v in points.values if isinstance(v, float)) == [
        float(i + 1) for i in range(len(CASES))
    ]
    assert store.engine.list(Selector(devices=(GATE.device,))) == []
    receipted = {msgspec.json.decode(one)["stream"] for one in client.receipts}
    assert receipted == {"wifi-1/telemetry", "kiosk-1/telemetry", "kiosk-1/event", "kiosk-1/frame"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
LABELS = st.sampled_from(
    ["bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut"]
)
RECORDS = st.lists(st.dictionaries(LABELS, JSON, max_size=6), max_size=4)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["alarm", "gap", "tally", "probe"])},
        optional={
            "id": JSON,
            "time": st.integers() | JSON,
            "name": st.text(max_size=10),
            "ranges": JSON,
            "rows": JSON,
            "epoch": st.integers(),
            "samples": JSON,
            "channel": st.text(max_size=5),
            "reason": st.text(max_size=5),
        },
    ),
    max_size=3,
)


@st.composite
def anything(draw: st.DrawFn) -> Message:
    """A message that may be wrong in every way."""
    channel = draw(st.sampled_from([Channel.TELEMETRY, Channel.EVENT, Channel.FRAME, Channel.STATUS]))
    document = draw(RECORDS | EVENTS | JSON)
    cbor = draw(st.booleans())
    whole = draw(st.binary(max_size=60)) if draw(st.booleans()) else _encoded(document, cbor=cbor)
    if whole and draw(st.booleans()):
        place = draw(st.integers(0, len(whole) - 1))
        whole = whole[:place] + draw(st.binary(max_size=3)) + whole[place + 1 :]
    return message(
        whole,
        channel=channel,
        topic=draw(st.just("") | st.text(max_size=40)),
        properties=draw(
            st.dictionaries(
                st.sampled_from(["stream", "epoch", "seq", "attempt", "time", "sha256", "width"]),
                st.text(max_size=8) | st.integers().map(str),
                max_size=4,
            )
        ),
        content_type=draw(st.sampled_from(["", batches.JSON, batches.CBOR, "image/jpeg", "x"])),
    )


def _encoded(document: object, *, cbor: bool) -> bytes:
    try:
        return cbor2.dumps(document) if cbor else msgspec.json.encode(document)
    except (UnicodeEncodeError, OverflowError, msgspec.MsgspecError):
        return b"?"


ROSTER = Roster(GATE, PARK)
LINE = stages(ROSTER, Settings())


@given(st.lists(anything(), min_size=1, max_size=4))
def test_nothing_crashes_and_what_is_refused_leaves_no_trace(messages: list[Message]) -> None:
    clock, load = Fake(), Load()
    for one in messages:
        before = load.mark()
        parcel = Parcel(one, clock.now())
        verdict = judge(parcel, load, LINE)
        if verdict is None:
            load.store(parcel)
            assert parcel.end == load.mark()
        else:
            assert verdict.reason is not Reason.FAULT
            assert verdict.field
            assert load.mark() == before
        block = load.block
        assert len(block.index) == len(block.times) == len(block.numbers)
        assert all(row < len(block) for row in block.others)
        assert all(0 <= place < len(block.series) for place in block.index)
    assert [arrival.rows[1] for arrival in load.arrivals()][-1:] in ([], [len(load.block)])


def test_a_fault_of_ours_is_kept_for_after_the_fix(roster: Roster, clock: Fake) -> None:
    def broken(parcel: Parcel, load: Load) -> None:
        raise ZeroDivisionError("a bug")

    load = Load()
    verdict = judge(Parcel(message(b"x"), clock.now()), load, [broken])
    assert verdict is not None
    assert (verdict.reason, verdict.value, verdict.why) == (Reason.FAULT, "ZeroDivisionError", "a bug")
