"""The examples run as they stand."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.conftest import LIMIT, Platform, until

pytestmark = pytest.mark.system
HOT, COOL = 95, 40


@pytest.fixture
def cooled(platform: Platform) -> Iterator[None]:
    """Whatever a test heats is cool again after it, so that no alert stays for the next."""
    yield
    _set(platform, "kiosk-05", COOL)
    _set(platform, "kiosk-06", COOL)


def _set(platform: Platform, device: str, value: float) -> None:
    platform.publish(f"imm/v1/bima/kiosk/{device}/telemetry", [{"n": "temperature", "u": "Cel", "v": value}])


def _seen(output: Path, *words: str) -> list[str]:
    """Lines that hold all words."""
    return [line for line in output.read_text().splitlines() if all(word in line for word in words)]


def test_a_consumer_of_events_misses_nothing_over_a_restart(
    platform: Platform, root: Path, tmp_path: Path, cooled: None
) -> None:
    output, place = tmp_path / "output", tmp_path / "place"

    def start() -> subprocess.Popen[bytes]:
        with output.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, root / "examples/follow_events.py", platform.api, place],
                stdout=out,
                env={**os.environ, "IMM_API_KEY": platform.key},
            )

    first = start()
    try:
        _set(platform, "kiosk-05", HOT)
        (alert,) = until(lambda: _about(platform, "kiosk-05"))
        until(lambda: _seen(output, "alert.firing", alert))
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait(timeout=LIMIT)
    _set(platform, "kiosk-05", COOL)
    until(lambda: not _about(platform, "kiosk-05"))
    second = start()
    try:
        until(lambda: _seen(output, "alert.resolved", alert))
    finally:
        second.terminate()
        second.wait(timeout=LIMIT)
    assert 1 <= len(_seen(output, "alert.firing", alert)) <= 2  # twice only if it was killed in between
    assert len(_seen(output, "alert.resolved", alert)) == 1


def test_the_place_of_a_consumer_is_whole_at_every_moment(root: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    keeps = (
        "import itertools, pathlib, sys; sys.path.insert(0, sys.argv[1]); from follow_events import keep\n"
        "for n in itertools.count(10**9): keep(pathlib.Path(sys.argv[2]), str(n))"
    )
    with subprocess.Popen([sys.executable, "-c", keeps, root / "examples", place]) as consumer:
        try:
            until(place.exists)
            seen: list[int] = []

            def look() -> bool:
                """Read what a kill would leave now; whether it has moved on often enough."""
                seen.extend(int(place.read_text() or 0) for _ in range(1_000))
                return len(set(seen)) > 1_000

            until(look)
        finally:
            consumer.kill()
    assert seen == sorted(seen)


def test_a_consumer_whose_key_opens_nothing_says_so(platform: Platform, root: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, root / "examples/follow_events.py", platform.api, tmp_path / "place"],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        env={**os.environ, "IMM_API_KEY": "imk_nothing"},
    )
    assert done.returncode == 1
    assert "401" in done.stderr


@pytest.mark.parametrize("damage", ["", "\n", "x", "12\0"])
def test_a_consumer_does_not_go_on_from_a_damaged_place(root: Path, tmp_path: Path, damage: str) -> None:
    place = tmp_path / "place"
    place.write_text(damage)
    done = subprocess.run(
        [sys.executable, root / "examples/follow_events.py", "http://127.0.0.1:1", place],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 1
    assert f"{place} is damaged" in done.stderr
    assert place.read_text() == damage


def _about(platform: Platform, device: str) -> list[str]:
    """Ids of the device's alerts that fire."""
    found = platform.get("/api/v1/alerts", device=device, state="firing")["items"]
    return [alert["id"] for alert in found]


def test_open_alerts_in_one_line_of_shell(
    platform: Platform, root: Path, tmp_path: Path, cooled: None
) -> None:
    _set(platform, "kiosk-06", HOT)
    (alert,) = until(lambda: _about(platform, "kiosk-06"))
    output = tmp_path / "output"
    command = [str(root / "examples/open_alerts.sh"), "bima", *platform.place(), "-W", str(round(LIMIT))]
    with output.open("wb") as out, subprocess.Popen(command, stdout=out, start_new_session=True) as shell:
        try:
            until(lambda: _seen(output, f"severe {alert} kiosk-06: Too hot"))  # it fired before we came
            _set(platform, "kiosk-06", COOL)
            until(lambda: _seen(output, f"over {alert}"))
        finally:
            os.killpg(shell.pid, signal.SIGTERM)  # the shell and both that it started
            shell.wait(timeout=LIMIT)
