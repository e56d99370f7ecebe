"""A store, a spool and a clock that outlive the live job."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from analytics.jobs.live import Live
from analytics.jobs.settings import Settings
from contracts import judgements
from contracts.events import Probe
from contracts.feed import Accepted
from contracts.judgements import Judgement
from contracts.rules import Rule
from contracts.series import Block, Series, Value
from runtime.clock import Fake
from runtime.spool import Lane, Spool
from store import embedded
from tests.analytics.conftest import SECOND, Kit

HOUR = 3600
QUICK = Settings(tick=0.01, checkpoint=0.0)


class World:
    """Store, spool and clock that outlive the job; `seq` counts as one ingest worker would."""

    def __init__(self, kit: Kit, folder: Path, rules: list[Rule]) -> None:
        self.kit = kit
        self.rules = rules
        self.clock = Fake(kit.now)
        self.file = embedded.File(folder / "samples.duckdb", memory_mb=200, threads=1)
        self.engine = embedded.Engine(self.file)
        self.state = embedded.State(self.file)
        self.spool = Spool(folder / "spool.sqlite", clock=self.clock)
        self.settings = QUICK
        self.seq = 0
        self.started = kit.now
        self.registry = CollectorRegistry()
        self.live: Live

    def close(self) -> None:
        self.spool.close()
        self.file.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The job, killed at the end."""
        self.registry = CollectorRegistry()
        self.live = Live(
            reader=self.engine,
            rules=self.rules,
            roster=self.kit.roster(),
            spool=self.spool,
            clock=self.clock,
            state=self.state,
            registry=self.registry,
            settings=self.settings,
        )
        task = asyncio.create_task(self.live.run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def judged(self) -> float:
        """Samples of the feed that the job has taken since its start."""
        return self.registry.get_sample_value("imm_analytics_samples_total", {"source": "feed"}) or 0

    def store(self, *rows: tuple[Series, float, Value]) -> Block:
        """Make rows durable; seconds after the kit's now."""
        block = self.kit.block(rows)
        self.engine.write(block)
        return block

    def lose(self, *rows: tuple[Series, float, Value]) -> None:
        """Accept rows, and lose the message that tells of it."""
        self.store(*rows)
        self.seq += 1

    def accept(self, *rows: tuple[Series, float, Value], probes: tuple[Probe, ...] = ()) -> None:
        """Accept rows and tell the job."""
        block = self.store(*rows)
        self.seq += 1
        device = self.kit.series().address
        self.live.feed(
            Accepted(
                worker="w",
                seq=self.seq,
                started=self.started,
                watermark=min(max(block.times, default=0), self.clock.now()),
                block=block,
                events=tuple((device, probe) for probe in probes),
            )
        )

    def said(self) -> list[Judgement]:
        batches = self.spool.due(Lane.JUDGEMENT, after=0, count=1000, size=10_000_000)
        return [judgements.decode(batch.payload) for batch in batches]

    def verdicts(self) -> list[tuple[str, str, float]]:
        """Each finding once: (rule, verdict, seconds after the kit's now)."""
        found = {one.id: one for one in self.said()}
        return [(one.rule, one.verdict.value, (one.time - self.kit.now) / SECOND) for one in found.values()]


async def until(condition: Callable[[], bool], limit: float = 5.0) -> None:
    async with asyncio.timeout(limit):
        while not condition():
            await asyncio.sleep(0.005)


async def settled(world: World) -> None:
    """The job has judged what came before, and has looked at the clock after it."""
    stranger = world.kit.series(device="stranger")  # not in the roster, so nobody misses it
    for _ in range(2):
        count = world.judged()
        world.accept((stranger, -7200.0, 1.0))
        await until(lambda count=count: world.judged() > count)  # type: ignore[misc]
