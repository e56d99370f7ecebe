"""The worker that is measured, as a process: prints `ready`, then at SIGTERM what it used, as JSON.

python -m benchmarks.ingest_worker PORT FOLDER --engine embedded|influx [--url … --bucket … --token-file …]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.ingest_load import DEVICES, device
from contracts.roster import Entry
from contracts.topics import Kind
from ingest.feed import Queue
from ingest.settings import Settings, Share
from ingest.worker import Worker
from runtime import metrics, mqtt, service
from runtime.clock import System
from store.bundle import Store, open_store
from store.settings import Embedded, Frames, Influx, Ledger
from store.settings import Settings as StoreSettings

UNBOXED = Share(records_per_s=1e9, messages_per_s=1e9)  # the load is one fleet in few devices


class Roster:
    """The load's devices."""

    def __init__(self) -> None:
        places = [device(number) for number in range(DEVICES)]
        self._entries = {
            place.device: Entry(device=place.device, kind=place.kind, site=place.site) for place in places
        }

    def get(self, device: str) -> Entry | None:
        return self._entries.get(device)

    def list(self, *, site: str = "", kind: Kind | None = None) -> list[Entry]:
        return [
            entry
            for entry in self._entries.values()
            if site in ("", entry.site) and kind in (None, entry.kind)
        ]


async def work(port: int, store: Store, tell: Callable[[str], None]) -> None:
    """Work until SIGTERM."""
    loop = asyncio.get_running_loop()
    clock = System()
    registry = metrics.registry()
    feed = Queue()
    async with mqtt.Client(mqtt.Settings(port=port), client_id="bench-worker", clock=clock) as client:
        worker = Worker(
            name="bench",
            client=client,
            sink=store.sink,
            frames=store.frames,
            roster=Roster(),
            feed=feed.put,
            clock=clock,
            settings=Settings(share=UNBOXED),
            registry=registry,
        )
        task = asyncio.create_task(worker.run())
        loop.add_signal_handler(signal.SIGTERM, worker.stop)
        await client.wait_connected(30)
        before = resource.getrusage(resource.RUSAGE_SELF)
        tell("ready")
        await task
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    stored = registry.get_sample_value("imm_ingest_records_total") or 0.0
    writes = registry.get_sample_value("imm_ingest_write_seconds_count") or 0.0
    tell(json.dumps({"cpu_s": used, "rss_mb": after.ru_maxrss / 1_024, "stored": stored, "writes": writes}))


def main() -> None:
    """Entry point of the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engine", choices=("embedded", "influx"), default="embedded")
    parser.add_argument("--url", default="")
    parser.add_argument("--bucket", default="")
    parser.add_argument("--org", default="imm")
    parser.add_argument("--token-file", type=Path)
    given = parser.parse_args()
    settings = StoreSettings(
        engine=given.engine,
        embedded=Embedded(path=given.folder / "bench.duckdb"),
        influx=Influx(url=given.url, org=given.org, bucket=given.bucket, token_file=given.token_file),
        ledger=Ledger(url=f"sqlite:///{given.folder / 'ledger.sqlite'}"),
        frames=Frames(path=given.folder / "frames"),
    )

    def tell(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    service.take_turns()
    with open_store(settings, System()) as store:
        asyncio.run(work(given.port, store, tell))


if __name__ == "__main__":
    main()
