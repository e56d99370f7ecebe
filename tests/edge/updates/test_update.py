"""An agent that is updated for real: wheels, environments, processes, broker. It is never left offline."""

import asyncio
import contextlib
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest

from app.brokers.port import Broker, endpoint
from contracts import batches, commands, receipts, status
from contracts.commands import Command, Result, State, UpdateAgent
from contracts.instants import HOUR
from contracts.receipts import Receipt
from contracts.topics import Channel, Device, Kind
from devices.updates import bundle
from edge.updates import slots
from runtime import mqtt
from runtime.clock import System
from tests.edge.updates.wheels import wheel

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
DEVICE = Device(site="updates", kind=Kind.KIOSK, device="updated-1")
LIMIT = 120.0
DEAF = "async def _never(self):\n    await asyncio.sleep(1e6)\nClient._run = _never"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT):
        while not condition():
            await asyncio.sleep(0.02)


class Desk:
    """Issues commands, receipts what comes as ingest does, and hears who is there."""

    def __init__(self, client: mqtt.Client) -> None:
        self._client = client
        self.results: list[Result] = []
        self.version = ""  # of the agent, by its own word
        self.samples = 0
        client.subscribe(DEVICE.topic(Channel.RESULT), self._result)
        client.subscribe(DEVICE.topic(Channel.STATUS), self._status)
        for channel in (Channel.TELEMETRY, Channel.EVENT):
            client.subscribe(DEVICE.topic(channel), self._batch)
        self._tasks: set[asyncio.Task[None]] = set()

    async def update(self, key: str, version: str, address: str) -> Result:
        """What an update came to."""
        now = System().now()
        wish = UpdateAgent(version=version, source=address)
        command = Command(id=key, what=wish, issued=now, expires=now + HOUR)
        ask = mqtt.Ask(DEVICE.topic(Channel.RESULT), key.encode())
        await self._client.publish(DEVICE.topic(Channel.COMMAND), commands.encode(command), ask=ask)
        ends: list[Result] = []

        def ended() -> bool:
            ends[:] = [one for one in self.results if one.id == key and one.state in commands.ENDS]
            return bool(ends)

        await until(ended)
        return ends[-1]

    def _result(self, message: mqtt.Message) -> None:
        message.ack()
        self.results.append(commands.decode_result(message.payload))

    def _status(self, message: mqtt.Message) -> None:
        message.ack()
        said = status.decode(message.payload)
        self.version = said.version if said.state == "online" else ""

    def _batch(self, message: mqtt.Message) -> None:
        message.ack()
        place = batches.sequence(message.properties)
        assert place is not None
        self.samples += place.stream.channel == "telemetry"
        receipt = Receipt(stream=str(place.stream), epoch=place.epoch, ranges=((place.seq, place.seq),))
        said = self._client.publish(DEVICE.topic(Channel.RECEIPT), receipts.encode(receipt), qos=0)
        task = asyncio.ensure_future(said)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Box:
    """A device whose service manager starts the agent again and again."""

    def __init__(self, folder: Path, port: int, public: str) -> None:
        self.folder = folder
        self.slots = folder / "slots"
        (folder / "agent.toml").write_text(
            f"""
            site = "{DEVICE.site}"
            device = "{DEVICE.device}"
            period = 0.5
            probe = 0
            folder = "{folder}"
            spool.path = "{folder / "spool.db"}"
            broker.port = {port}
            broker.longest_pause = 0.5
            updates.keys = ["{public}"]
            updates.prove = 8
            """
        )
        self._running: subprocess.Popen[bytes] | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep)

    def _keep(self) -> None:
        environment = {**os.environ, slots.FOLDER: str(self.slots)}
        command = [sys.executable, "-m", "edge", "kiosk", "--config", str(self.folder / "agent.toml")]
        with (self.folder / "log").open("ab") as log:
            while not self._ending.is_set():
                self._running = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
                self._running.wait()

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._ending.set()
            if self._running:
                self._running.kill()
            self._thread.join(60)


@pytest.fixture
def versions(tmp_path: Path, root: Path) -> Iterator[tuple[str, str]]:
    """Address under which 2.0 lies, which works, 3.0, which crashes, 4.0, which is deaf; and who signed."""
    public = bundle.keygen(tmp_path / "key")
    broken: Mapping[str, Mapping[str, str]] = {
        "2.0": {},
        "3.0": {"edge/agent.py": "async def run(*_, **__):\n    raise RuntimeError('broken')"},
        "4.0": {"runtime/mqtt/client.py": DEAF},
    }
    for version, changes in broken.items():
        wheels = tmp_path / f"wheels-{version}"
        wheels.mkdir()
        wheel(root, wheels, version, changes)
        bundle.make(version, wheels, tmp_path / "key", tmp_path / "agents")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object, **_: object) -> None:
            super().__init__(*args, directory=str(tmp_path / "agents"))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", public
        server.shutdown()


@contextlib.asynccontextmanager
async def at_desk(broker: Broker) -> AsyncIterator[Desk]:
    where = mqtt.Settings(port=endpoint(broker, 5).port)
    async with mqtt.Client(where, client_id="update-desk") as client:
        desk = Desk(client)
        await client.wait_connected(60)
        yield desk


async def test_updates_that_work_and_updates_that_do_not(
    mosquitto: Broker, versions: tuple[str, str], tmp_path: Path
) -> None:
    address, public = versions
    folder = tmp_path / "box"
    folder.mkdir()
    box = Box(folder, endpoint(mosquitto, 5).port, public)
    async with at_desk(mosquitto) as desk:
        with box.on():
            await until(lambda: desk.samples > 0 and desk.version != "")
            first = desk.version

            done = await desk.update("to-2", "2.0", address)
            assert (done.state, done.value) == (State.DONE, {"version": "2.0", "slot": "a"}), done.reason
            await until(lambda: desk.version == "2.0")

            crashed = await desk.update("to-3", "3.0", address)
            assert crashed.state == State.FAILED
            assert crashed.reason.startswith("it ended 2 times before it had proved itself; version 2.0 runs")
            deaf = await desk.update("to-4", "4.0", address)
            assert deaf.state == State.FAILED
            assert "not connected and receipted within 8 s; version 2.0 runs" in deaf.reason
            before = desk.samples
            await until(lambda: desk.version == "2.0" and desk.samples > before)
            assert first != "2.0"
            known = slots.read(box.slots)
            assert (known.active.value, known.trial) == ("a", None)

            unknown = await desk.update("to-5", "5.0", address)
            assert (unknown.state, "does not come" in unknown.reason) == (State.FAILED, True)
            again = await desk.update("to-2-again", "2.0", address)
            assert (again.state, "already" in again.reason) == (State.REFUSED, True)
