"""How well visitors are counted without knowing them: the whole path, from addresses to the reader's figures.

Each run is a day: its own key, its own visitors, nodes that see some of them in several intervals and hours.
Nodes' sketches travel as SenML, through the sink, into the store's roll-up; the truth is a set kept beside.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from contracts import senml, sitekeys, sketches
from contracts.batches import CBOR
from contracts.instants import DAY, HOUR, MINUTE
from contracts.series import Block, Selector, Series
from contracts.sketches import METRIC, Sketch
from contracts.topics import Device, Kind
from edge.visitors.interval import Interval
from edge.visitors.keys import Held
from runtime.clock import Fake
from store.bundle import Store, open_store
from store.settings import Embedded, Frames, Retention, Settings
from store.sink import Arrival, Write

Say = Callable[[str], None]
SITE: Final = "bench"
HOURS: Final = 3  # of a day in which visitors come
_INTERVALS: Final = 4  # of an hour
_FIRST: Final = sitekeys.bounds("2026-01-01")[0]
_RSS: Final = """
import sys
from edge import agent, cli
from edge.wifi import build
import psutil
{more}
print(psutil.Process().memory_info().rss)
"""
_COUNTING: Final = """
from contracts.sitekeys import Key
from edge.visitors.interval import Interval
from edge.visitors.keys import Held
held = Held(Key(site="s", day="2026-01-01", id="0" * 16, secret=bytes(32)))
one = Interval("s", 1767225600000000, 1767226500000000, held)
one.stations(number.to_bytes(6, "big") for number in range(0, 40_000, 4))
one.sketches()
"""


def run(
    runs: int = 200, *, visitors: int = 100_000, nodes: int = 5, seed: int = 1, say: Say = lambda _: None
) -> dict[str, float]:
    """Figures; an error is the share of the truth by which an estimate misses it."""
    draw = random.Random(seed)
    found: list[tuple[float, bool]] = []
    hourly: list[float] = []
    sizes: list[int] = []
    merges: list[float] = []
    with tempfile.TemporaryDirectory(prefix="imm-bench-visitors-") as name, _store(Path(name), runs) as store:
        began = time.perf_counter()
        for number in range(runs):
            say(f"day {number + 1} of {runs}")
            start = _FIRST + number * DAY
            by_hour = _day(store, draw, start, visitors, nodes, sizes)
            merging = time.perf_counter()
            store.visitors.run(start + DAY + 3 * MINUTE)
            merges.append(time.perf_counter() - merging)
            truth = set().union(*by_hour)
            found.append(_judged(store, start, "day", len(truth)))
            hourly += [
                _judged(store, start + hour * HOUR, "hour", len(seen))[0] for hour, seen in enumerate(by_hour)
            ]
        seconds = (time.perf_counter() - began) / runs
    errors = np.array([error for error, _ in found])
    return {
        "runs": float(runs),
        "visitors": float(visitors),
        "nodes": float(nodes),
        "error_p50": float(np.quantile(np.abs(errors), 0.5)),
        "error_p95": float(np.quantile(np.abs(errors), 0.95)),
        "error_max": float(np.abs(errors).max()),
        "error_mean": float(errors.mean()),
        "hour_error_p95": float(np.quantile(np.abs(hourly), 0.95)),
        "bounds_hold": sum(held for _, held in found) / runs,
        "sketch_bytes_max": float(max(sizes)),
        "day_merge_ms": float(np.quantile(merges, 0.5)) * 1_000,
        "day_s": seconds,
    } | _memory()


def _store(folder: Path, runs: int) -> Store:
    settings = Settings(
        embedded=Embedded(path=folder / "imm.duckdb"),
        frames=Frames(path=folder / "frames"),
        retention=Retention(visitors_days=runs + 2),
    )
    return open_store(settings, Fake())


def _day(
    store: Store, draw: random.Random, start: int, visitors: int, nodes: int, sizes: list[int]
) -> list[set[int]]:
    """Send one day of all nodes; who was seen in each hour. Each visitor comes by at some of the nodes."""
    key = sitekeys.Key(
        site=SITE, day=sitekeys.day_of(start), id=f"{draw.getrandbits(64):016x}", secret=draw.randbytes(32)
    )
    held = Held(key)
    macs = [draw.getrandbits(48) & ~(1 << 40) for _ in range(visitors)]
    seen: dict[tuple[int, int], list[bytes]] = {}
    by_hour: list[set[int]] = [set() for _ in range(HOURS)]
    for mac in macs:
        address = mac.to_bytes(6, "big")
        for node in draw.sample(range(nodes), draw.randint(1, nodes)):
            quarter = draw.randrange(HOURS * _INTERVALS)
            seen.setdefault((node, quarter), []).append(address)
            by_hour[quarter // _INTERVALS].add(mac)
    for (node, quarter), addresses in seen.items():
        length = HOUR // _INTERVALS
        interval = Interval(SITE, start + quarter * length, start + (quarter + 1) * length, held)
        interval.stations(addresses)
        sizes += [_send(store, f"node-{node}", sketch) for sketch in interval.sketches()]
    return by_hour


def _send(store: Store, name: str, sketch: Sketch) -> int:
    """One sketch by SenML and sink, as an agent's; its size."""
    node = Device(site=SITE, kind=Kind.WIFI, device=name)
    instance = sketch.subject.value
    series = Series(site=SITE, kind=Kind.WIFI, device=name, metric=METRIC, instance=instance)
    value = sketches.encode(sketch)
    sent, block = Block(), Block()
    sent.append(series, sketch.start, value)
    senml.decode(senml.encode(sent, CBOR), CBOR, node, now=sketch.end, block=block)
    arrival = Arrival(device=node, channel="telemetry", sequence=None, rows=(0, 1), counts={sketch.hour: 1})
    store.sink.commit(Write(worker="bench", at=sketch.end, block=block, arrivals=[arrival]))
    return len(value.raw)


def _judged(store: Store, time: int, instance: str, truth: int) -> tuple[float, bool]:
    """Error of a figure, and whether its bounds hold the truth."""
    selector = Selector(site=SITE, devices=("visitors",), instance=instance)
    told = {
        points.series.metric: float(str(points.values[0]))
        for points in store.engine.range(selector, time, time + 1)
        if points.series.metric != "visitors.state"
    }
    low, high = told["visitors.unique.low"], told["visitors.unique.high"]
    return told["visitors.unique"] / truth - 1, low <= truth <= high


def _memory() -> dict[str, float]:
    """Memory of a fresh process with all that a Wi-Fi agent imports, and once it counts."""
    figures = {}
    for name, more in (("wifi_rss_mb", ""), ("wifi_counting_rss_mb", _COUNTING)):
        done = subprocess.run(
            [sys.executable, "-c", _RSS.format(more=more)], capture_output=True, text=True, check=True
        )
        figures[name] = int(done.stdout) / 1e6
    return figures
