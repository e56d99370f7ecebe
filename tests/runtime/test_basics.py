import json
import logging
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Counter

from contracts import instants
from runtime import clock, ids, logs, metrics


def test_fake_stands_until_told() -> None:
    fake = clock.Fake(now=5, monotonic=1.0)
    fake.advance(0.5)
    assert (fake.now(), fake.monotonic()) == (500_005, 1.5)
    fake.jump(-31_536_000)
    assert fake.now() < 0
    assert fake.monotonic() == 1.5
    with pytest.raises(ValueError, match="monotonic"):
        fake.advance(-1)


def test_system_counts_micros() -> None:
    now = clock.System().now()
    assert instants.to_datetime(now).year >= 2025
    assert clock.System().now() >= now


@given(st.integers(0, 2**47), st.integers(1, 10_000_000))
def test_ids_are_version_7_and_sort_by_time(now: int, later: int) -> None:
    first = ids.uuid7(clock.Fake(now=now))
    second = ids.factory(clock.Fake(now=now + later))()
    assert first < second
    parsed = uuid.UUID(first)
    assert parsed.version == 7
    assert parsed.variant == uuid.RFC_4122
    assert parsed.int >> 80 == now // 1_000
    assert str(parsed) == first


@given(st.text(), st.integers(1, 50))
def test_clean_is_one_short_printable_line(text: str, most: int) -> None:
    line = logs.clean(text, most)
    assert len(line) <= most
    assert line.isprintable()


def test_clean_keeps_what_is_well() -> None:
    assert logs.clean("Jalan Siliwangi") == "Jalan Siliwangi"
    assert logs.clean("a\x1b[31mb\n") == "a\\x1b[31mb\\x0a"


@pytest.fixture
def _root() -> object:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.mark.usefixtures("_root")
def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(json=True, level="INFO")
    logging.getLogger("imm.x").info("stored %d", 3, extra={"device": "k1"})
    logging.getLogger("imm.x").debug("hidden")
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["logger"], line["message"], line["device"]) == (
        "info",
        "imm.x",
        "stored 3",
        "k1",
    )


@pytest.mark.usefixtures("_root")
def test_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    try:
        raise KeyError("k")
    except KeyError:
        logging.getLogger("x").exception("no")
    text = capsys.readouterr().err
    assert "ERROR   x: no" in text
    assert "KeyError: 'k'" in text


def test_exposition_holds_our_figures_and_the_process_s() -> None:
    registry = metrics.registry()
    Counter("imm_seen", "What was seen.", registry=registry).inc(2)
    text = metrics.exposition(registry).decode()
    assert "imm_seen_total 2.0" in text
    assert "process_resident_memory_bytes" in text
