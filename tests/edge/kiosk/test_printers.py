"""Printers, asked of a real CUPS in a folder of its own."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.kiosk.printers import Printers
from runtime.clock import Fake
from tests.edge.kiosk.test_parts import values

CUPSD = shutil.which("cupsd") or "/usr/sbin/cupsd"
LPADMIN = shutil.which("lpadmin") or "/usr/sbin/lpadmin"


class Cups:
    """A scheduler that listens on a socket in its folder."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "cups.sock"
        self.env = {**os.environ, "CUPS_SERVER": str(self.socket)}
        for name in ("root", "cache", "state", "spool", "spool/tmp"):
            (folder / name).mkdir()
        (folder / "cupsd.conf").write_text(
            f"Listen {self.socket}\nBrowsing Off\nWebInterface No\nDefaultAuthType None\nLogLevel warn\n"
            "<Location />\nOrder allow,deny\nAllow all\n</Location>\n"
            "<Policy default>\n<Limit All>\nOrder allow,deny\nAllow all\n</Limit>\n</Policy>\n"
        )
        (folder / "cups-files.conf").write_text(
            f"ServerRoot {folder}/root\nCacheDir {folder}/cache\nStateDir {folder}/state\n"
            f"RequestRoot {folder}/spool\nTempDir {folder}/spool/tmp\nAccessLog {folder}/access\n"
            f"ErrorLog {folder}/error\nPageLog {folder}/page\nFileDevice Yes\nSystemGroup root\n"
        )
        self.process = subprocess.Popen(
            [CUPSD, "-f", "-c", str(folder / "cupsd.conf"), "-s", str(folder / "cups-files.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def run(self, *command: str) -> None:
        subprocess.run(command, env=self.env, check=True, capture_output=True, timeout=30)


@pytest.fixture
def cups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cups]:
    made = Cups(tmp_path)
    monkeypatch.setenv("CUPS_SERVER", str(made.socket))
    for _ in range(300):
        if made.socket.exists():
            break
        time.sleep(0.1)
    yield made
    made.process.terminate()
    made.process.wait(20)


@pytest.mark.system
async def test_printers_are_ready_or_not_and_their_jobs_are_counted(cups: Cups, tmp_path: Path) -> None:
    clock = Fake()
    printers = Printers(clock)
    assert await printers.read() == [], "no printer is no trouble"
    for name in ("receipt", "photo-2"):
        cups.run(LPADMIN, "-p", name, "-v", "file:///dev/null", "-E", "-m", "raw")
    cups.run("/usr/sbin/cupsdisable", "photo-2")
    (tmp_path / "job.txt").write_text("a job")
    cups.run("lp", "-d", "photo-2", str(tmp_path / "job.txt"))
    assert await printers.read() == [], "asked once a minute"
    clock.advance(60)
    assert values(await printers.read()) == {
        ("printer.ready", "receipt"): True,
        ("printer.jobs", "receipt"): 0.0,
        ("printer.ready", "photo-2"): False,
        ("printer.jobs", "photo-2"): 1.0,
    }


async def test_a_cups_that_is_not_there_is_no_printer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CUPS_SERVER", str(tmp_path / "none"))
    assert await Printers(Fake()).read() == []


async def test_an_lpstat_that_fails_is_told() -> None:
    with pytest.raises(OSError, match="lpstat -p"):
        await Printers(Fake(), program=Path("/bin/false")).read()


async def test_without_lpstat_printers_are_absent(tmp_path: Path) -> None:
    assert await Printers(Fake(), program=tmp_path / "none").read() == []
