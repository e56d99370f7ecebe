"""The live job: what ingest accepts is judged at once, and every judgement is on disk before it is forgotten.

What is remembered is saved now and then. After a kill the store is read from there on; what is judged a
second time gives judgements of the same ids, which change nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry

from analytics.evaluate import Evaluator
from analytics.findings import probe
from analytics.jobs import history, memory
from analytics.jobs.files import Files
from analytics.jobs.inbox import Inbox
from analytics.jobs.metrics import Metrics
from analytics.jobs.mouth import Mouth, Outbox
from analytics.jobs.settings import Settings
from analytics.samples import Samples, of_block
from analytics.silence import Silence
from analytics.values import Values
from analytics.watches import Scene
from contracts import roster
from contracts.events import Probe
from contracts.feed import Accepted
from contracts.instants import SECOND
from contracts.judgements import Judgement
from contracts.rules import HourOfWeek, Rule
from contracts.senml import AHEAD
from contracts.series import Reader
from runtime.clock import Clock
from store.errors import Failure, Retry
from store.state import State

_log: Final = logging.getLogger(__name__)
_PROBES: Final = 1_000  # that may wait; beyond, the oldest is dropped: a late probe measures nothing
_EAGER: Final = 1.0  # seconds between two looks at a history that is just being loaded


class Live:
    """Hook `feed` to ingest before `run` starts."""

    def __init__(  # noqa: PLR0913 - the composition root of the job
        self,
        *,
        reader: Reader,
        rules: Iterable[Rule],
        roster: roster.Reader,
        spool: Outbox,
        clock: Clock,
        state: State,
        registry: CollectorRegistry,
        settings: Settings | None = None,
        away: Callable[[], frozenset[str]] = frozenset,
        files: Files | None = None,
    ) -> None:
        """`away`: devices that presence knows to be away, from memory; `files`: of the rules."""
        self.trouble = ""  # why the store cannot be read; empty while all is well
        self._settings = settings or Settings()
        self._reader = reader
        self._roster = roster
        self._away = away
        self._clock = clock
        self._state = state
        self._metrics = Metrics(registry)
        self._mouth = Mouth(spool, self._settings.producer, self._metrics)
        self._evaluator = Evaluator(rules)
        self._metrics.rules.set(len(self._evaluator.watches))
        self._files = files or Files(())
        self._inbox = Inbox(self._settings.queue)
        self._probes: deque[Judgement] = deque(maxlen=_PROBES)
        self._probed = asyncio.Event()
        self._watermark = 0  # newest sample time judged
        self._fresh = 0  # at the very first start the past is let be: from here on new series are judged
        self._listening = clock.now()  # since when we hear all that comes
        self._due: dict[str, float] = {}  # what is done now and then → when next, in monotonic seconds
        self._stale: set[str] = set()  # rules for which history has come in since they learnt
        self._learnt: dict[str, float] = {}  # rule → monotonic seconds

    @property
    def health(self) -> tuple[bool, str]:
        """Whether all is well, and if not, why."""
        trouble = self._mouth.trouble or self.trouble
        return not trouble, trouble

    def feed(self, accepted: Accepted) -> None:
        """Take what ingest accepted; call from the loop's thread, never blocks."""
        for device, event in accepted.events:
            if isinstance(event, Probe):
                self._probes.append(
                    probe(
                        device,
                        event.id,
                        time=event.time,
                        producer=self._settings.producer,
                        judged=self._clock.now(),
                    )
                )
                self._probed.set()
        before = self._inbox.dropped
        self._inbox.put(accepted)
        self._metrics.dropped.inc(self._inbox.dropped - before)
        self._metrics.waiting.set(len(self._inbox))

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pass_probes(), name="probes")
            tasks.create_task(self._judge(), name="judge")

    async def _pass_probes(self) -> None:
        while True:
            await self._probed.wait()
            self._probed.clear()
            probes = list(self._probes)
            self._probes.clear()
            await self._mouth.say(probes)

    async def _judge(self) -> None:
        await self._insist(self._wake)
        while True:
            accepted = await self._inbox.get(self._settings.tick)
            if accepted is not None:
                await self._take(accepted)
            if self._is_due("tick", self._settings.tick):
                await self._tick()
            if self._is_due("recheck", self._settings.recheck):
                await self._insist(self._catch_up)
            if self._is_due("redo", _EAGER):
                await self._redo()
            if self._is_due("rules", self._settings.reload):
                await self._reload()
            if self._is_due("checkpoint", self._settings.checkpoint):
                await self._save()

    async def _wake(self) -> None:
        """Remember, learn, and judge what came while we were away."""
        raw = await asyncio.to_thread(self._state.get, memory.key(self._settings.producer))
        checkpoint = memory.decode(raw) if raw is not None else None
        if checkpoint is None:
            self._fresh = self._clock.now() - round(self._settings.lateness * SECOND)
        else:
            await self._mouth.say(checkpoint.unsaid)
            await self._mouth.say(self._evaluator.restore(checkpoint.kept, self._scene()))
        await self._catch_up()
        self._doubt()
        self._fresh = 0
        for name, seconds in (("recheck", self._settings.recheck), ("checkpoint", self._settings.checkpoint)):
            self._due[name] = self._clock.monotonic() + seconds
        self._listening = self._clock.now()

    async def _take(self, accepted: Accepted) -> None:
        if self._inbox.restarted(accepted):  # ingest was away: devices may still be sending what waited
            self._listening = self._clock.now()
        if not self._inbox.follows(accepted):
            self._metrics.holes.inc()
            self._inbox.skip()
            await self._insist(self._catch_up)
            self._doubt()
        samples = of_block(accepted.block)
        for watch in self._evaluator.learning:
            await self._insist(partial(self._keep_learning, watch, samples))
        with self._metrics.busy.time():
            found = self._evaluator.take(samples, self._scene())
        await self._mouth.say(found)
        self._watermark = max(self._watermark, accepted.watermark)
        self._metrics.samples.labels("feed").inc(len(samples))
        self._metrics.waiting.set(len(self._inbox))
        self._metrics.behind.set(max(0, self._clock.now() - self._watermark) / SECOND)

    async def _reload(self) -> None:
        """Take up rule files that have changed."""
        turned = await self._files.reload(self._evaluator, self._scene, self._metrics)
        if turned is not None:
            self._evaluator, cleared = turned
            await self._insist(partial(self._put, cleared))
            await self._mouth.say(cleared)
            await self._insist(self._catch_up)

    async def _tick(self) -> None:
        if not self._evaluator.overdue(self._scene(), self._listening):
            return
        # The feed may lose: ask the store before saying that nothing came.
        await self._insist(self._listen_again)
        found = self._evaluator.tick(self._scene(), self._listening)
        if found:
            await self._insist(partial(self._put, found))
            await self._mouth.say(found)

    async def _catch_up(self) -> None:
        """Judge what the store has and the feed did not bring."""
        scene = self._scene()
        for watch in self._evaluator.watches:
            if isinstance(watch, Values):
                await self._learn(watch)  # by what the store now has: history may be among what was missed
                fresh = max(self._fresh, scene.horizon)
                pages = history.missed(
                    self._reader, watch, fresh=fresh, horizon=scene.horizon, end=scene.now + AHEAD
                )
                async for samples in pages:
                    await self._mouth.say(watch.take_again(samples, scene))
                    self._metrics.samples.labels("store").inc(len(samples))
        await self._listen_again()

    def _doubt(self) -> None:
        """What we did not hear may have been late, so that reading on from the newest does not bring it."""
        for watch in self._evaluator.watches:
            if isinstance(watch, Values):
                watch.doubt_all()

    async def _redo(self) -> None:
        """Judge in their place what came late. Takes a tenth of the time at most, however much is doubted."""
        began = self._clock.monotonic()
        for watch in self._evaluator.watches:
            if isinstance(watch, Values) and watch.doubted:
                await self._insist(partial(self._redo_one, watch))
        self._metrics.count_unjudged(one for one in self._evaluator.watches if isinstance(one, Values))
        took = self._clock.monotonic() - began
        self._due["redo"] = self._clock.monotonic() + max(_EAGER, 9 * took)

    async def _redo_one(self, watch: Values) -> None:
        async for rows, samples in history.doubted(self._reader, watch):
            await self._mouth.say(watch.redo(rows, samples, self._scene()))
            self._metrics.redone.inc(len(rows))

    async def _listen_again(self) -> None:
        for watch in self._evaluator.watches:
            if isinstance(watch, Silence):
                samples = await history.newest(self._reader, watch)
                await self._mouth.say(watch.take(samples, self._scene()))

    async def _keep_learning(self, watch: Values, samples: Samples) -> None:
        """Learn again where it is time, or where history came in and is needed now."""
        rule, horizon = watch.rule.id, self._scene().horizon
        span = watch.span(samples)
        if span is not None and span[0] < horizon:
            self._stale.add(rule)
        age = self._clock.monotonic() - self._learnt[rule]
        wanted = rule in self._stale and span is not None and span[1] >= horizon
        if wanted and age < _EAGER:
            await asyncio.sleep(_EAGER - age)
        if wanted or age >= self._settings.relearn:
            await self._learn(watch)

    async def _learn(self, watch: Values) -> None:
        if isinstance(watch.test, HourOfWeek):
            self._stale.discard(watch.rule.id)
            await history.learn(self._reader, watch, watch.test, horizon=self._scene().horizon)
            self._learnt[watch.rule.id] = self._clock.monotonic()

    async def _save(self) -> None:
        try:
            await self._put([])
        except Failure as error:  # the next one says it all; until then more is judged twice after a kill
            _log.warning("checkpoint not saved: %s", error)

    async def _put(self, unsaid: list[Judgement]) -> None:
        checkpoint = memory.Checkpoint(kept=self._evaluator.save(), unsaid=unsaid)
        key = memory.key(self._settings.producer)
        await asyncio.to_thread(self._state.put, key, memory.encode(checkpoint))

    async def _insist(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do what needs the store, again and again until it answers; `trouble` says why it does not."""
        while True:
            try:
                await work()
            except Failure as error:
                if not self.trouble:
                    _log.warning("analytics waits for the store: %s", error)
                self.trouble = str(error)
                await asyncio.sleep(error.after if isinstance(error, Retry) else 1.0)
            else:
                self.trouble = ""
                return

    def _scene(self) -> Scene:
        now = self._clock.now()
        return Scene(
            now=now,
            horizon=now - round(self._settings.horizon * SECOND),
            roster=self._roster,
            producer=self._settings.producer,
            away=self._away(),
        )

    def _is_due(self, what: str, every: float) -> bool:
        now = self._clock.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every
        return True
