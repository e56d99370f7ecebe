"""Sessions are counted by their distance, from the kernel's own bytes; where somebody touched is not read."""

import os
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kiosk.touch import Touch, _direct
from edge.kiosk.tree import Tree
from runtime.clock import Fake
from tests.fixtures.far import until


def event(kind: int, code: int, value: int) -> bytes:
    return struct.pack("llHHi", 0, 0, kind, code, value)


DOWN, UP, PLACE, SYNC = event(1, 0x14A, 1), event(1, 0x14A, 0), event(3, 0, 417), event(0, 0, 0)


class Panel:
    """A touch screen whose driver is a named pipe."""

    def __init__(self, root: Path, name: str = "event3", properties: str = "2") -> None:
        shown = root / "sys/class/input" / name / "device"
        shown.mkdir(parents=True)
        (shown / "properties").write_text(properties + "\n")
        (root / "dev/input").mkdir(parents=True, exist_ok=True)
        self.path = root / "dev/input" / name
        os.mkfifo(self.path)
        self.end = os.open(self.path, os.O_RDWR)

    def send(self, *events: bytes) -> None:
        os.write(self.end, b"".join(events))


@pytest.fixture
async def touch(tmp_path: Path) -> AsyncIterator[tuple[Touch, Panel, Fake]]:
    clock = Fake()
    panel = Panel(tmp_path)
    made = Touch(Tree(tmp_path), clock, idle=60)
    yield made, panel, clock
    made.close()
    os.close(panel.end)


async def counted(touch: Touch) -> tuple[float, ...]:
    found = {reading.metric: reading.value for reading in await touch.read()}
    return tuple(float(found[f"touch.{name}"]) for name in ("sessions", "touches", "active"))  # type: ignore[arg-type]


async def test_touches_near_each_other_are_one_session(touch: tuple[Touch, Panel, Fake]) -> None:
    screen, panel, clock = touch
    assert await counted(screen) == (0, 0, 0)
    for _ in range(3):
        panel.send(PLACE, DOWN, SYNC, PLACE, UP, SYNC)
        before = screen._touches
        await until(lambda before=before: screen._touches > before)  # type: ignore[misc]  # bound at once
        clock.advance(59)
    assert await counted(screen) == (1, 3, 1)
    clock.advance(1)
    assert await counted(screen) == (0, 0, 0)
    panel.send(DOWN)
    await until(lambda: screen._touches == 1)
    assert await counted(screen) == (1, 1, 1)


async def test_a_torn_event_and_an_unplugged_screen_harm_nobody(touch: tuple[Touch, Panel, Fake]) -> None:
    screen, panel, _ = touch
    await screen.read()
    panel.send(DOWN, b"\x00" * 7)
    await until(lambda: screen._touches == 1)
    screen._take(panel.path, _closed())
    assert screen._open == {}
    assert len(await screen.read()) == 3, "found again at the next look"


def _closed() -> int:
    """A file whose other end is gone."""
    reading, writing = os.pipe()
    os.close(writing)
    return reading


async def test_a_touch_pad_and_a_mouse_are_no_screens(tmp_path: Path) -> None:
    pads = [Panel(tmp_path, "event1", "5"), Panel(tmp_path, "event2", "0")]
    screen = Touch(Tree(tmp_path), Fake(), idle=60)
    assert await screen.read() == []
    for pad in pads:
        os.close(pad.end)


@given(st.text(max_size=40))
def test_any_text_says_direct_or_not(text: str) -> None:
    assert _direct(text) in (True, False)


def test_the_kernels_words_are_read_from_the_last() -> None:
    assert _direct("2")
    assert _direct("1 2")
    assert not _direct("2 0")
