"""What an agent cannot keep it declares: sampled = stored + declared, in the ledger, whatever broke."""

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from contracts.topics import Channel
from runtime.spool.schema import PAGE
from simulator.chaos.stack import Stack
from simulator.fleet import device
from tests.fixtures.stacks import KIOSK, Book, Build, ask, fleet, kiosk, samples, steady, ticks, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]
DEVICES = 4
METRICS = 20
STEADY = 25  # ticks
ROOM = 300_000  # bytes; with less, a disk of 3 MB is nearly full
TELEMETRY = KIOSK.topic(Channel.TELEMETRY)


def explain(stack: Stack, number: int) -> Book:
    """Each sample that the device took is stored or declared; its values tell how many these were."""
    name = device(number).device
    book = Book(stack, name)
    taken = (max(ticks(stack, number)) + 1) * METRICS
    assert taken == book.recorded == book.stored + book.shed, book
    assert book.shed > 0, book
    assert book.stored == samples(stack, name), "the ledger tells what an app can read"
    return book


def declared(stack: Stack, name: str) -> list[dict[str, Any]]:
    """Gaps that the device declared, as they are stored."""
    asked = {"device": name, "metric": "event.gap", "limit": 10_000}
    found = ask(stack, "/api/v1/query/range", asked)
    return [json.loads(text) for one in found for text in one["values"]]


def flows(stack: Stack, number: int) -> bool:
    """Whether samples come one after another again, after a hole."""
    have = sorted(ticks(stack, number))
    is_steady = len(have) > STEADY and have[-1] - have[-STEADY] == STEADY - 1
    return is_steady and have[-1] - have[0] >= len(have)


async def run_dry(stack: Stack, spool: Path) -> None:
    """The platform is there: what the spool still has flows, the rest is declared."""
    await stack.begin()
    await until(lambda: all(flows(stack, number) for number in range(1, DEVICES + 1)))
    Path(f"{spool}.stop").touch()
    await stack.finish(60)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_full_disk_is_declared_and_nothing_is_silent(build: Build, small_disk: Path) -> None:
    stack = build(devices=DEVICES)
    spool = small_disk / "fleet.spool"
    stack.add("agent", fleet(stack, spool, devices=DEVICES, period=0.02, metrics=METRICS))
    await stack.begin("agent")  # nobody takes what it records
    await until(lambda: shutil.disk_usage(small_disk).free < ROOM)
    await steady(small_disk)
    await run_dry(stack, spool)
    for number in range(1, DEVICES + 1):
        book = explain(stack, number)
        gaps = declared(stack, device(number).device)
        assert {gap["reason"] for gap in gaps} == {"disk"}
        assert sum(sum(gap["samples"].values()) for gap in gaps) == book.shed


async def test_a_broker_away_for_longer_than_the_spool_holds(build: Build, tmp_path: Path) -> None:
    stack = build(devices=DEVICES)
    spool = tmp_path / "fleet.spool"
    options = {"devices": DEVICES, "period": 0.02, "metrics": METRICS, "limit_bytes": 400_000}
    stack.add("agent", fleet(stack, spool, **options))
    await stack.start()
    await until(lambda: ticks(stack, 1))
    assert await stack.end() == 0
    await until(lambda: "it gives up batches" in (tmp_path / "agent.log").read_text())
    await run_dry(stack, spool)
    for number in range(1, DEVICES + 1):
        book = explain(stack, number)
        assert {hole["reason"] for hole in book.holes} == {"full"}, "which batches, and why"


async def test_a_corrupt_page_costs_what_was_in_it_and_says_so(build: Build, tmp_path: Path) -> None:
    stack = build()
    spool = tmp_path / "kiosk.spool"
    stack.add("kiosk", kiosk(stack, spool, period=0.1))
    await stack.begin("kiosk")  # nobody takes what it records
    log = spool.with_name("kiosk.spool-wal")
    await until(lambda: log.exists() and log.stat().st_size > 300_000)
    await stack.kill("kiosk", again=False)
    recorded = damage(spool)
    await stack.begin()
    await stack.begin("kiosk")
    await until(lambda: Book(stack, KIOSK.device).stored > recorded)
    assert await stack.end("kiosk") == 0
    book = Book(stack, KIOSK.device)
    assert book.recorded == book.stored + book.shed > recorded, book
    assert 0 < book.shed < recorded / 2, "only what was in the page"
    assert book.stored == samples(stack, KIOSK.device)
    assert {hole["reason"] for hole in book.holes} == {"corrupt"}
    gaps = [gap for gap in declared(stack, KIOSK.device) if gap["channel"] == "telemetry"]
    assert sum(sum(gap["samples"].values()) for gap in gaps) == book.shed
    said = (stack.folder / "kiosk.log").read_text()
    assert "is damaged" in said
    assert f"lost {book.shed} samples" in said


def damage(spool: Path) -> int:
    """Overwrite a page in the middle of what waits; return how many samples wait."""
    with closing(sqlite3.connect(spool)) as db:
        rows = db.execute("SELECT counts, payload FROM batches WHERE topic = ? ORDER BY id", (TELEMETRY,))
        waiting = [(sum(json.loads(counts).values()), payload) for counts, payload in rows]
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    at = spool.read_bytes().index(waiting[len(waiting) // 2][1][:200])
    with spool.open("r+b") as file:
        file.seek(at // PAGE * PAGE)
        file.write(b"\xa5" * PAGE)
    return sum(count for count, _ in waiting)
