"""Replay: rows of a file through the spool, moved in time, never ahead of it, once."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from contracts import senml
from contracts.errors import Refused
from contracts.instants import DAY, HOUR, MINUTE, SECOND, WEEK, from_datetime
from contracts.series import Block
from contracts.topics import Kind
from edge.replay import rows
from edge.replay.player import Player
from edge.replay.settings import Column, Restamp, Settings
from runtime.clock import Fake
from runtime.spool import Lane, Spool, of

NOW = from_datetime(datetime(2026, 11, 24, 9, 30, tzinfo=UTC))
OLD = from_datetime(datetime(2024, 3, 1, tzinfo=UTC))
Sample = tuple[str, int, object, int]  # device, time, value, clock when it was recorded


def column(name: str, metric: str = "people.count") -> Column:
    return Column(column=name, device=name, kind=Kind.SENSOR, metric=metric)


def plan(file: Path, **changes: object) -> Settings:
    given: dict[str, object] = {"file": file, "columns": (column("a"), column("b"))} | changes
    return Settings(**given)  # type: ignore[arg-type]  # tests name what they change


def hourly(folder: Path, begin: int, hours: int) -> Path:
    file = folder / "hourly.csv"
    lines = [f"{begin + n * HOUR},{n},{'' if n % 2 else n * 10}" for n in range(hours)]
    file.write_text("\n".join(["time,a,b", *lines]) + "\n")
    return file


class Sky:
    """A player under a fake clock, on a real spool."""

    def __init__(self, folder: Path, settings: Settings, clock: Fake | None = None) -> None:
        self.clock = clock or Fake(NOW)
        self.spool = Spool(folder / "spool.db", clock=self.clock)
        self.samples: list[Sample] = []
        self.slept = 0.0
        self.limit = 10 * 86_400.0  # seconds of fake time after which a test gives up
        self.seen = 0
        self.spool.on_append(self.look)
        self.player = Player(settings, self.spool, self.clock, site="bima", sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        if self.slept > self.limit:
            raise TimeoutError
        self.clock.advance(seconds)

    def look(self) -> None:
        """Decode what was just recorded."""
        for batch in self.spool.due(Lane.TELEMETRY, after=self.seen, count=100_000, size=10**9):
            self.seen = batch.id
            block = Block()
            senml.decode(
                batch.payload, batch.content_type, of(batch.topic).device, now=self.clock.now(), block=block
            )
            for series, time, value in block.rows():
                self.samples.append((series.device, time, value, self.clock.now()))

    async def play(self) -> list[Sample]:
        try:
            await self.player.run()
        finally:
            self.spool.close()
        return self.samples


async def test_weeks_are_whole_and_nothing_comes_from_the_future(tmp_path: Path) -> None:
    """Five weeks of hours: history at once, the last day fast, then as it happens."""
    file = hourly(tmp_path, OLD, 5 * 7 * 24)
    sky = Sky(tmp_path, plan(file, speed=3_600.0))
    found = await sky.play()
    a = [(time, value, when) for device, time, value, when in found if device == "a"]
    shift = a[0][0] - OLD
    assert shift % WEEK == 0
    assert NOW <= OLD + (5 * 7 * 24 - 1) * HOUR + shift < NOW + WEEK, "the newest row lies just ahead"
    assert [(time - OLD - shift) // HOUR for time, _, _ in a] == [value for _, value, _ in a], (
        "each once, in order"
    )
    assert all(time <= when for _, time, _, when in found)
    assert all(when == NOW for time, _, when in a if time < NOW - DAY), "history at once"
    played = [when for time, _, when in a if NOW - DAY <= time < NOW]
    assert played == sorted(played)
    assert len(played) == 24
    assert played[-1] - NOW <= 30 * SECOND, "a day in 24 seconds"
    assert all(when - time < 2 * SECOND for time, _, when in a if time > NOW + HOUR), "then as it happens"


async def test_empty_cells_are_left_out_and_counted(tmp_path: Path) -> None:
    sky = Sky(tmp_path, plan(hourly(tmp_path, OLD, 10), speed=0))
    found = await sky.play()
    assert len([1 for device, *_ in found if device == "b"]) == 5
    assert sky.player.left_out == {"no value": 5}
    assert sky.player.samples == 15


async def test_rows_older_than_the_history_are_left_out(tmp_path: Path) -> None:
    file = hourly(tmp_path, OLD, 5 * 7 * 24)
    found = await Sky(tmp_path, plan(file, speed=0, history=10 * 86_400.0)).play()
    assert NOW - 10 * DAY <= min(time for _, time, _, _ in found) < NOW - 10 * DAY + HOUR


async def test_as_is_keeps_the_times_and_the_rhythm(tmp_path: Path) -> None:
    sky = Sky(tmp_path, plan(hourly(tmp_path, OLD, 4), restamp=Restamp.AS_IS, speed=60.0))
    found = await sky.play()
    assert [(time - OLD) // HOUR for device, time, _, _ in found if device == "a"] == [0, 1, 2, 3]
    last = found[-1][3] - NOW
    assert 3 * MINUTE <= last <= 3 * MINUTE + 5 * SECOND


async def test_now_begins_now_and_is_pressed_together_by_the_speed(tmp_path: Path) -> None:
    sky = Sky(tmp_path, plan(hourly(tmp_path, OLD, 4), restamp=Restamp.NOW, speed=3_600.0))
    found = await sky.play()
    assert [(time - NOW) / SECOND for device, time, _, _ in found if device == "a"] == [0, 1, 2, 3]
    assert all(0 <= when - time <= SECOND for _, time, _, when in found)


async def test_after_a_restart_nothing_is_recorded_twice(tmp_path: Path) -> None:
    file = hourly(tmp_path, OLD, 40 * 24)
    settings = plan(file, weeks=-(-(NOW - OLD) // WEEK) - 5, batch=50)
    sky = Sky(tmp_path, settings)
    sky.limit = 10.0  # cut short in the middle of the fast day
    with pytest.raises(TimeoutError):
        await sky.play()
    assert sky.samples
    again = Sky(tmp_path, settings, sky.clock)
    again.seen = sky.seen
    later = await again.play()
    both = [(device, time) for device, time, _, _ in sky.samples + later]
    assert len(both) == len(set(both))
    assert len([1 for device, _ in both if device == "a"]) == 40 * 24
    assert all(time <= when for _, time, _, when in later)


async def test_it_waits_while_the_spool_is_half_full(tmp_path: Path) -> None:
    sky = Sky(tmp_path, plan(hourly(tmp_path, OLD, 2_000), batch=100, speed=0))
    sky.spool.limit = 20_000
    sky.limit = 5.0
    with pytest.raises(TimeoutError):
        await sky.play()
    assert not sky.spool.shed


async def test_rows_of_one_column_are_told_apart_by_another(tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    lines = [f"{OLD + hour * HOUR},p{point},{point}{hour}" for hour in range(3) for point in (1, 2)]
    file.write_text("\n".join(["when,point,n", *lines]))
    columns = tuple(
        Column(column="n", device=f"d{p}", kind=Kind.CCTV, metric="people.count", where={"point": f"p{p}"})
        for p in (1, 2)
    )
    found = await Sky(tmp_path, plan(file, time="when", columns=columns, speed=0)).play()
    assert sorted((device, value) for device, _, value, _ in found) == [
        ("d1", 10.0),
        ("d1", 11.0),
        ("d1", 12.0),
        ("d2", 20.0),
        ("d2", 21.0),
        ("d2", 22.0),
    ]


def parquet_file(folder: Path) -> Path:
    file = folder / "t.parquet"
    times = [datetime(2024, 3, 1, hour, tzinfo=UTC) for hour in range(3)]
    table = {"time": pa.array(times), "a": pa.array([1, 2, None]), "b": pa.array([1.5, float("nan"), 3.0])}
    parquet.write_table(pa.table(table), file)
    return file


def gzip_file(folder: Path) -> Path:
    file = folder / "t.csv.gz"
    text = "time,a,b\n2024-03-01 00:00,1,1.5\n2024-03-01T01:00:00Z,2,nan\n2024-03-01 09:00+07:00,,3\n"
    file.write_bytes(gzip.compress(text.encode()))
    return file


@pytest.mark.parametrize("make", [parquet_file, gzip_file])
async def test_other_files_say_the_same(tmp_path: Path, make: object) -> None:
    file = make(tmp_path)  # type: ignore[operator]  # one of two functions
    found = await Sky(tmp_path, plan(file, unit="text", restamp=Restamp.AS_IS, speed=0)).play()
    assert sorted((device, (time - OLD) // HOUR, value) for device, time, value, _ in found) == [
        ("a", 0, 1.0),
        ("a", 1, 2.0),
        ("b", 0, 1.5),
        ("b", 2, 3.0),
    ]


@pytest.mark.parametrize(
    "text,unit,field",
    [
        ("time,a\n1,1\n", "us", "replay.columns"),
        ("time,a,b\n1000,1,1\n999,1,1\n", "us", "row 2"),
        ("time,a,b\nnoon,1,1\n", "us", "row 1"),
        ("time,a,b\nnoon,1,1\n", "text", "row 1"),
        ("time,a,b\n1e400,1,1\n", "s", "row 1"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_place(
    tmp_path: Path, text: str, unit: str, field: str
) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text)
    with pytest.raises(Refused) as refused:
        list(rows.read(plan(file, unit=unit)))
    assert refused.value.field == field


def test_a_file_that_is_not_there_or_not_what_it_says_is_refused(tmp_path: Path) -> None:
    for name, content in (
        ("a.csv", None),
        ("a.xlsx", b""),
        ("a.parquet", b"text"),
        ("b.csv", b"\xff\xfe\x00"),
    ):
        file = tmp_path / name
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(Refused, match=r"replay\.(file|columns)"):
            list(rows.read(plan(file)))


async def test_a_cell_that_is_no_number_is_refused_with_the_metric(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(f"time,a,b\n{OLD},many,1\n")
    with pytest.raises(Refused, match=r"people\.count"):
        await Sky(tmp_path, plan(file, speed=0)).play()
