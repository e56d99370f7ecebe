"""What the store's tests are made of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from contracts.series import Block, Selector, Series, Value
from contracts.topics import Kind
from runtime.clock import Fake
from store import embedded
from store.port import Engine


@dataclass(frozen=True)
class Under:
    """An engine under test. What one cannot do is said here, and tested as such."""

    engine: Engine
    name: str
    clock: Fake
    reopen: Callable[[], Engine]
    shares: bool  # whether several processes may have it open


def a_series(device: str = "kiosk-1", metric: str = "cpu.load", **rest: str) -> Series:
    """A series; only what matters to the test is named."""
    values = {"site": "bima", "instance": "", "unit": "", **rest}
    kind = Kind(values.pop("kind", "kiosk"))
    return Series(device=device, metric=metric, kind=kind, **values)


def a_block(*rows: tuple[Series, int, Value]) -> Block:
    """A block of samples."""
    block = Block()
    for series, time, value in rows:
        block.append(series, time, value)
    return block


def contents(engine: Engine, selector: Selector | None = None) -> dict[tuple[Series, int], Value]:
    """Everything the engine has, read page by page."""
    found: dict[tuple[Series, int], Value] = {}
    start = 0
    while True:
        page = engine.range(selector or Selector(), start, 2**62, limit=1_000)
        if not page:
            return found
        for points in page:
            have = len(found)
            found |= {(points.series, t): v for t, v in zip(points.times, points.values, strict=True)}
            assert len(found) == have + len(points.times), "a sample came twice"
        start = max(points.times[-1] for points in page) + 1


def open_engine(path: Path) -> embedded.Engine:
    """The embedded engine on a file."""
    return embedded.Engine(embedded.File(path, memory_mb=256, threads=2))
