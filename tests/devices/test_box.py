"""From a box to its first sample with one code: real processes, TLS 1.3, a certificate of its own."""

import asyncio
import shlex
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from app.brokers.mosquitto import find
from app.fleets import opened
from app.histories import HISTORIES
from app.settings import Settings, resolve
from city.db import Database
from contracts.enrolment import Claim
from contracts.instants import DAY
from devices.ca import root
from devices.ca.tables import certificates
from devices.updates import bundle
from runtime.clock import System
from runtime.ports import free_port
from simulator.chaos.stack import Stack
from tests.edge.updates.wheels import wheel
from tests.fixtures.stacks import LIMIT, until
from tests.fixtures.tables import ready

pytestmark = pytest.mark.system
WITHIN = 60.0  # seconds from the command to the first sample that an app can read
_BROKER = """per_listener_settings true
listener {port} 127.0.0.1
allow_anonymous true
listener {tls} 127.0.0.1
allow_anonymous false
cafile {folder}/trusted.pem
crlfile {folder}/revoked.pem
certfile {folder}/server.pem
keyfile {folder}/server.key
tls_version tlsv1.3
require_certificate true
use_identity_as_username true
user root
"""


_FOREVER = """trap 'kill $agent; exit' TERM
while :; do {command} & agent=$!; wait $agent; done"""  # as a service manager starts it again and again
_NEXT = "9.0"


class City:
    """A platform that has an authority, versions of the agent, and a broker that believes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tls = free_port()
        told = {
            "IMM_DEVICES__BROKER__HOST": "127.0.0.1",
            "IMM_DEVICES__BROKER__PORT": str(self.tls),
            "IMM_DEVICES__UPDATES__KEYS": f'["{bundle.keygen(folder / "versions.key")}"]',
        }
        self.stack = Stack(folder, broker="external", devices=0, settings=told)
        self._broker: subprocess.Popen[bytes] | None = None

    def found(self) -> None:
        """Make the authority, as `imm device ca init` does, and the broker's files."""
        settings = resolve(Settings(data=self.folder / "data"))
        ready(settings.city.url, HISTORIES).close()
        with opened(settings) as desk, desk.db.begin() as tx:
            offline = root.make(self.folder / "root.key", "sangat rahasia sekali", System().now())
            ca = desk.fleet.authority
            ca.add(tx, offline, starts=System().now())
            key, chain = ca.serve(tx, ["127.0.0.1"], days=1)
            files = {"trusted": ca.trusted(tx), "revoked": ca.revoked(tx), "server": chain}
        for name, text in files.items():
            (self.folder / f"{name}.pem").write_text(text)
        (self.folder / "server.key").write_text(key)

    def version(self, root: Path) -> None:
        """Lay out a version of the agent, as `imm device version add` does."""
        wheels = self.folder / "wheels"
        wheels.mkdir()
        wheel(root, wheels, _NEXT)
        into = resolve(Settings(data=self.folder / "data")).devices.versions
        bundle.make(_NEXT, wheels, self.folder / "versions.key", into)

    def broker(self) -> None:
        """Start it."""
        config = self.folder / "mosquitto.conf"
        config.write_text(_BROKER.format(port=self.stack.port, tls=self.tls, folder=self.folder))
        with (self.folder / "broker.log").open("ab") as log:
            self._broker = subprocess.Popen([str(find()), "-v", "-c", str(config)], stdout=log, stderr=log)

    async def post(self, path: str, body: Any) -> Any:
        """An answer of the API."""
        headers = {**self.stack.ask.headers, "Idempotency-Key": f'"{path}"'}
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.post(f"{self.stack.api}{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    async def stop(self) -> None:
        await self.stack.stop()
        if self._broker:
            self._broker.terminate()
            self._broker.wait(LIMIT)


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    made = City(tmp_path)
    made.found()
    made.broker()
    try:
        await made.stack.start()
        yield made
    finally:
        await made.stop()


async def edge(*words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", *words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said, _ = await asyncio.wait_for(process.communicate(), LIMIT)
    return process.returncode or 0, said.decode()


async def test_one_minute_from_box_to_first_sample_and_then_for_years(
    city: City, tmp_path: Path, root: Path, record_property: Callable[[str, object], None]
) -> None:
    await city.post("/api/v1/devices", {"device": "kiosk-77", "kind": "kiosk", "site": "bima"})
    made = await city.post("/api/v1/devices/kiosk-77/claims", {})
    claim = Claim(code=made["code"].replace("-", ""), server=city.stack.api)
    home = tmp_path / "box"

    began = time.monotonic()
    status, said = await edge(
        "enrol", "--folder", str(home), "--server", claim.server, "--code", made["code"]
    )
    assert status == 0, said
    command = (sys.executable, "-m", "edge", "kiosk", "--config", str(home / "agent.toml"), "--period", "1")
    slots = {"IMM_EDGE_SLOTS": str(home / "slots")}
    city.stack.add("box", ("sh", "-c", _FOREVER.format(command=shlex.join(command))), slots)
    await city.stack.begin("box")

    def first() -> Any:
        known = city.stack.ask.get("/api/v1/series", {"device": "kiosk-77", "limit": 10})["items"]
        return [one for one in known if not one["metric"].startswith(("agent.", "event."))]

    await until(first, WITHIN)
    took = time.monotonic() - began
    assert took < WITHIN
    record_property("box_to_first_sample_s", round(took, 1))
    record = city.stack.ask.get("/api/v1/devices/kiosk-77/record")
    assert record["state"] == "enrolled"
    assert record["versions"]["python"]
    assert "as kiosk-77" in (tmp_path / "broker.log").read_text(), "it comes by its certificate"
    again, said = await edge(
        "enrol", "--folder", str(tmp_path / "clone"), "--server", claim.server, made["code"]
    )
    assert (again, "another device has used this code" in said) == (1, True)

    # Later, its certificate is renewed while it works: another key, the old one revoked and destroyed.
    key = home / "credentials" / "current" / "key.pem"
    old = key.read_bytes()
    database = Database.of(resolve(Settings(data=tmp_path / "data")).city)
    with database.begin() as tx:  # as if it had been issued long ago
        tx.execute(update(certificates).values(issued=certificates.c.issued - 300 * DAY))
    database.close()

    def renewed() -> Any:
        items = city.stack.ask.get("/api/v1/devices/kiosk-77/certificates")["items"]
        return len(items) == 2 and items[1]["reason"] == "superseded" and items

    (new, _) = await until(renewed)
    assert (new["why"], new["revoked"]) == ("renewal", None)
    assert key.read_bytes() != old
    settled = [path.name for path in (home / "credentials").iterdir() if not path.is_symlink()]
    assert len(settled) == 1

    # And it takes a new version of itself: by whose word and from where it was told when it joined.
    city.version(root)
    order = {"type": "update-agent", "arguments": {"version": _NEXT}, "why": "it is Monday", "seconds": 600}
    sent = await city.post("/api/v1/devices/kiosk-77/commands", order)

    def ended() -> Any:
        found = city.stack.ask.get(f"/api/v1/commands/{sent['id']}")
        return found if found["state"] in {"done", "failed", "refused", "expired", "timed-out"} else None

    done = await until(ended, 120)
    assert (done["state"], done["value"]) == ("done", {"version": _NEXT, "slot": "a"}), done
