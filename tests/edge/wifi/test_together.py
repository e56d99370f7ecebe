"""Many sources behind one agent: a slow, failing or faulty one leaves the others alone."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from edge.recorder import Reading
from edge.wifi.book import Book
from edge.wifi.build import watching
from edge.wifi.counters import Counters
from edge.wifi.counts import Counts
from edge.wifi.settings import Linux, Settings
from edge.wifi.together import Part, Together
from runtime.clock import Fake, System
from runtime.settings import Wrong


class Scripted:
    def __init__(self, name: str, act: Callable[[], Awaitable[None]] | None = None) -> None:
        self.name = name
        self.act = act
        self.reads = 0

    async def read(self) -> list[Reading]:
        self.reads += 1
        if self.act:
            await self.act()
        return [Reading(metric="wifi.clients", value=float(self.reads), instance=self.name)]

    def associated(self) -> list[bytes]:
        return [b"\x02\x00\x00\x00\x00\x01", self.name.encode().ljust(6, b"\0")]


def clients(readings: list[Reading]) -> dict[str, object]:
    return {one.instance: one.value for one in readings if one.metric == "wifi.clients"}


def up(readings: list[Reading]) -> dict[str, object]:
    return {one.instance: one.value for one in readings if one.metric == "source.up"}


async def test_a_slow_source_comes_with_a_later_sample_and_holds_up_none() -> None:
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    slow, quick = Scripted("slow", wait), Scripted("quick")
    both = Together([Part(slow), Part(quick)], Fake(), grace=0.02)
    assert clients(await both.read()) == {"quick": 1.0}
    assert clients(await both.read()) == {"quick": 2.0}
    assert slow.reads == 1, "not asked again while it answers"
    gate.set()
    assert clients(await both.read()) == {"slow": 1.0, "quick": 3.0}
    await both.close()


async def test_one_that_never_answers_is_given_up_and_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    both = Together([Part(Scripted("dead", hang), patience=0.01), Part(Scripted("quick"))], Fake(), grace=1)
    for number in range(3):
        readings = await both.read()
        assert up(readings) == {"dead": 0.0, "quick": 1.0}
        assert clients(readings) == {"quick": number + 1.0}
    assert caplog.text.count("dead cannot be read: no answer within 0.01 s") == 1
    await both.close()


async def test_a_fault_is_told_by_its_place_and_not_by_its_words(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError("a4:4e:31:43:1c:7c")

    faulty = Scripted("faulty", fail)
    both = Together([Part(faulty), Part(Scripted("quick"))], Fake())
    assert up(await both.read()) == {"faulty": 0.0, "quick": 1.0}
    assert "ValueError at test_together.py" in caplog.text
    assert "a4:4e" not in caplog.text
    faulty.act = None
    with caplog.at_level(logging.INFO):
        assert up(await both.read()) == {"faulty": 1.0, "quick": 1.0}
    assert "faulty can be read again" in caplog.text


async def test_each_has_its_own_pace() -> None:
    clock = Fake()
    often, seldom = Scripted("often"), Scripted("seldom")
    both = Together([Part(often), Part(seldom, every=60)], clock)
    for _ in range(13):
        await both.read()
        clock.advance(10)
    assert (often.reads, seldom.reads) == (13, 3)


async def test_counts_are_on_disk_before_they_are_told(tmp_path: Path) -> None:
    book = Book(tmp_path / "wifi.db")
    counts = Counts(book)

    async def count() -> None:
        counts.add("wifi.joins", "wlan0", 3)

    await Together([Part(Scripted("one", count))], Fake(), book=book).read()
    with Book(tmp_path / "wifi.db") as kept:  # as after a kill: the first was never closed
        assert Counts(kept).total("wifi.joins", "wlan0") == 3
    book._db.close()


async def test_of_a_source_that_cannot_be_read_nobody_is_known() -> None:
    async def fail() -> None:
        raise OSError("gone")

    one = Scripted("one")
    both = Together([Part(one)], Fake())
    await both.read()
    assert both.associated()
    one.act = fail
    await both.read()
    assert not both.associated(), "who left meanwhile would be counted for ever"


@pytest.mark.parametrize(
    "chosen",
    [
        {"linux": {}},
        {"portals": [{"url": "http://x/"}]},
        {"openwrt": [{"name": "a", "address": "http://x/"}]},
    ],
)
async def test_a_library_that_is_not_installed_is_said(
    chosen: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.wifi.build.find_spec", lambda _: None)
    with pytest.raises(Wrong, match="imm-edge\\[wifi\\]"):
        async with watching(msgspec.convert(chosen, Settings), System(), tmp_path):
            pass


async def test_what_this_machine_carries_becomes_a_rate() -> None:
    clock = Fake()
    source = Counters(("lo",), clock)
    await source.read()
    clock.advance(10)
    rates = [one.value for one in await source.read() if one.metric == "network.rate.received"]
    assert len(rates) == 1
    assert isinstance(rates[0], float)


async def test_clients_of_all_sources_are_known_once() -> None:
    both = Together([Part(Scripted("one")), Part(Scripted("two"))], Fake())
    assert len(set(both.associated())) == len(list(both.associated())) == 3


def test_a_damaged_file_of_counts_is_put_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "wifi.db").write_bytes(b"not a database, certainly not one" * 100)
    with Book(tmp_path / "wifi.db") as book:
        Counts(book).add("wifi.joins", "wlan0")
    assert "put aside" in caplog.text
    assert (tmp_path / "wifi.damaged").exists()
    with Book(tmp_path / "wifi.db") as book:
        assert Counts(book).total("wifi.joins", "wlan0") == 1
    assert (tmp_path / "wifi.db").stat().st_mode & 0o077 == 0


async def test_what_a_full_disk_refuses_is_written_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Book(tmp_path / "wifi.db") as book:
        book._db.execute("pragma max_page_count = 1")
        counts = Counts(book)
        for number in range(400):
            counts.add("wifi.joins", f"radio-{number}")
        assert not await book.keep()
        counts.add("wifi.joins", "radio-0")
        assert not await book.keep()
        assert caplog.text.count("cannot be kept") == 1
        book._db.execute("pragma max_page_count = 1000")
        assert await book.keep()
    with Book(tmp_path / "wifi.db") as book:
        assert [Counts(book).total("wifi.joins", f"radio-{n}") for n in (0, 399)] == [2, 1]


async def test_a_node_without_radios_still_tells_the_rest(tmp_path: Path) -> None:
    settings = Settings(interfaces=("lo",), names=(), targets=(), gateway=False, linux=Linux())
    async with watching(settings, System(), tmp_path / "home") as sources:
        readings = await sources.read()
    assert up(readings) == {"counters": 1.0, "reachability": 1.0, "linux": 0.0}
    assert any(one.metric == "network.received" and one.instance == "lo" for one in readings)
