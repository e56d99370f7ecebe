"""The keys process as at work: real TLS, the city's database, a kill, and a disk that knows nothing."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from city.db import Database, upgrade
from contracts.instants import DAY
from contracts.sitekeys import Answer, Key
from devices.ca.tables import authorities, certificates
from devices.history import HISTORY
from devices.registry.tables import devices as table
from edge.visitors.asking import Holder
from edge.visitors.settings import Settings
from runtime import mqtt
from runtime.clock import System
from runtime.ports import free_port
from tests.devices.sitekeys.people import City, Shown
from tests.edge.visitors.crowd import forms

pytestmark = pytest.mark.system
LIMIT = 60.0  # seconds until it must answer
ROOT = Path(__file__).parents[2]


class Place:
    """A city with one enrolled node, and its keys process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.city = City(folder, System().now())
        self.node = self.city.device("wifi-1")
        holder = self.city.server()
        self.port, self.monitor = free_port(), free_port()
        self.database = f"sqlite:///{folder / 'data' / 'city.sqlite'}"
        (folder / "data").mkdir()
        self.config = folder / "imm.toml"
        self.config.write_text(
            f'data = "{folder / "data"}"\n[city]\nurl = "{self.database}"\n[monitor]\nport = {self.monitor}\n'
            f'[keys]\nport = {self.port}\nca_file = "{self.city.ca}"\n'
            f'certificate_file = "{holder.certificate}"\nkey_file = "{holder.key}"\n'
        )
        self.running: list[subprocess.Popen[bytes]] = []
        database = Database(self.database)
        upgrade(database, [HISTORY])
        _enrol(database, self.node)
        database.close()

    def start(self) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "app", "--config", str(self.config), "run", "keys"],
                cwd=ROOT,
                env={**os.environ},
                stderr=log,
                stdout=log,
            )
        self.running.append(process)
        return process

    async def key(self) -> Key:
        """The day's key as the node gets it, once the process answers."""
        asking = Holder(
            Settings(host="localhost", port=self.port, ca_file=self.city.ca),
            mqtt.Settings(ca_file=self.city.ca, cert_file=self.node.certificate, key_file=self.node.key),
        )
        end = time.monotonic() + LIMIT
        while True:
            try:
                answer = await asking(())
            except ConnectionRefusedError:
                assert time.monotonic() < end, (self.folder / "log").read_text()
                await asyncio.sleep(0.1)
                continue
            assert isinstance(answer, Answer), answer
            return answer.keys[0]


def _enrol(database: Database, shown: Shown) -> None:
    now = System().now()
    empty = {"title": "", "floor": "", "operator": "", "unit": "", "contract": "", "reason": ""}
    parts: dict[str, object] = {"labels": {}, "names": [], "maintenance": [], "hardware": {}, "versions": {}}
    with database.begin() as tx:
        tx.execute(
            insert(table).values(
                device="wifi-1",
                kind="wifi",
                site="bima",
                state="enrolled",
                revision=1,
                mark=1,
                created=now,
                updated=now,
                **empty,
                **parts,
            )
        )
        tx.execute(
            insert(authorities).values(id="a", certificate="", root="", starts=now, ends=now + DAY, made=now)
        )
        tx.execute(
            insert(certificates).values(
                serial="1",
                device="wifi-1",
                authority="a",
                pem="",
                fingerprint=shown.fingerprint,
                request="",
                key="",
                starts=now,
                ends=now + DAY,
                issued=now,
                why="claim",
                reason="",
            )
        )


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    for process in made.running:
        process.kill()
        process.wait()


async def test_a_key_lives_as_long_as_its_process_and_is_nowhere_else(place: Place) -> None:
    process = place.start()
    first = await place.key()
    assert await place.key() == first
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    (core,) = [line.split() for line in limits.splitlines() if line.startswith("Max core")]
    assert core[4:6] == ["0", "0"]
    process.send_signal(signal.SIGKILL)
    process.wait()
    second_process = place.start()
    second = await place.key()
    assert (second.site, second.day) == ("bima", first.day)
    assert second.id != first.id
    assert second.secret != first.secret
    second_process.send_signal(signal.SIGTERM)
    assert second_process.wait(LIMIT) == 0
    disk = b"".join(file.read_bytes() for file in place.folder.rglob("*") if file.is_file())
    assert first.id.encode() in disk  # the log says that one was handed out
    assert not any(form in disk for key in (first, second) for form in forms(key.secret))
