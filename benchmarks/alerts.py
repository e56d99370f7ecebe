"""Ten thousand alerts that fire, on each database: how fast they come, and how long people wait."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import httpx
from fastapi import Request
from prometheus_client import CollectorRegistry

import city.audit.history
import city.history
import city.schedule.history
from alerts import wiring
from alerts.check import Good
from alerts.commit import commit
from alerts.groups.service import Filters
from alerts.means import Means
from alerts.model.lifecycle import Place
from alerts.quiet.matchers import Matcher
from alerts.quiet.model import Plan
from alerts.rights import READ, WORK
from alerts.settings import Settings
from alerts.tables import HISTORY
from benchmarks import city_postgres
from benchmarks.city_stage import Figures, Say
from city.audit import Trail
from city.db import Database, upgrade
from city.identity.caller import Caller, Kind
from city.schedule import Clocks, Fired
from contracts import judgements
from contracts.instants import HOUR
from contracts.judgements import Evidence, Judgement, Severity, Text, Verdict
from runtime import ids
from runtime.calendar import Calendars
from runtime.calendar import Settings as Days
from runtime.clock import System
from runtime.metrics import exposition
from web import access
from web.health import Checks
from web.shell import create_app

BATCH: Final = 200  # judgements in one transaction, as the intake takes them
RULES: Final = 5
SITES: Final = 4
_SITI: Final = Caller(kind=Kind.PERSON, id="siti", name="Siti", strong=True, reach={READ: None, WORK: None})


def run(
    count: int = 10_000,
    *,
    rounds: int = 100,
    postgres: str | None = None,
    databases: tuple[str, ...] = ("sqlite", "postgresql"),
    say: Say = lambda _: None,
) -> dict[str, Figures]:
    """Figures by database. `postgres`: address of an empty one; else one is started where it is installed."""
    folder = Path(tempfile.mkdtemp(prefix="imm-bench-alerts-"))
    figures: dict[str, Figures] = {}
    try:
        for name in databases:
            with city_postgres.address(name, folder, postgres) as url:
                if url:
                    figures[name] = asyncio.run(_measure(url, count, rounds, _prefixed(say, name)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return figures


class _Bench:
    """Alerts on one database, and the application that shows them."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = System()
        self.ids = ids.factory(self.clock)
        self._numbers = itertools.count()
        clocks = Clocks(clock=self.clock, calendars=Calendars(Days()))
        self.means = Means(settings=Settings(), clocks=clocks, trail=Trail(clock=self.clock))
        self.alerts = wiring.wire(db, self.means, clock=self.clock, ids=self.ids)
        registry = CollectorRegistry()
        self.app = create_app(
            [wiring.contribution(self.alerts)],
            db=db,
            clock=self.clock,
            checks=Checks(live=lambda: (), ready=lambda: (), figures=lambda: exposition(registry)),
            hosts=("bench.test",),
            resolve=_siti,
        )

    def turn(self, verdict: Verdict, count: int) -> float:
        """Alerts that begin or end a second."""
        began = time.perf_counter()
        for start in range(0, count, BATCH):
            batch = [self._good(verdict, number) for number in range(start, min(start + BATCH, count))]
            commit(self.db, batch, now=self.clock.now(), ids=self.ids, means=self.means)
        return count / (time.perf_counter() - began)

    def _good(self, verdict: Verdict, number: int) -> Good:
        labels = {"device": f"kiosk-{number}"}
        rule = f"rule-{number % RULES}"
        now = self.clock.now()
        judgement = Judgement(
            id=f"{next(self._numbers)}",
            producer="bench",
            verdict=verdict,
            rule=rule,
            rule_hash="hash",
            fingerprint=judgements.fingerprint(rule, labels),
            site=f"site-{number % SITES}",
            device=f"kiosk-{number}",
            labels=labels,
            severity=tuple(Severity)[number % 4],
            title=Text(id="Kiosk panas", en="Kiosk is hot"),
            time=now,
            judged=now,
            evidence=Evidence(metric="temperature", unit="Cel", value=80.0, expected=70.0),
        )
        return Good(judgement=judgement, place=Place.of(judgement, None))

    def silence(self) -> str:
        """Make a silence over a fourth of all."""
        now = self.clock.now()
        matchers = (Matcher(name="site", value="site-1"),)
        plan = Plan(matchers=matchers, starts=now, ends=now + HOUR, reason="bench")
        with self.db.begin() as tx:
            return self.alerts.silences.add(tx, _SITI, plan).id

    def end(self, silence: str) -> None:
        """End it."""
        with self.db.begin() as tx:
            self.alerts.silences.end(tx, _SITI, silence, seen=None)

    def spread(self, silence: str) -> None:
        """What the clocks do for a silence, until it holds for all that it matches."""
        tend = self.alerts.handlers[0]
        while True:
            with self.db.begin() as tx:
                due = (
                    self.means.clocks.get(tx, tend.kind, f"silence/{silence}") if self.means.clocks else None
                )
                if due is None or self.means.clocks is None:
                    return
                self.means.clocks.cancel(tx, tend.kind, due.key)
                now = self.clock.now()
                tend.fire(tx, Fired(kind=due.kind, key=due.key, due=due.due, now=now, payload=due.payload))


async def _siti(_: Request) -> access.Known:
    return access.Known(caller=_SITI)


async def _measure(url: str, count: int, rounds: int, say: Say) -> Figures:
    db = Database(url)
    try:
        upgrade(
            db, [city.history.HISTORY, city.audit.history.HISTORY, city.schedule.history.HISTORY, HISTORY]
        )
        bench = _Bench(db)
        say(f"{count:,} alerts begin")
        figures: Figures = {"alerts": float(count), "fired_per_s": bench.turn(Verdict.RAISED, count)}
        figures["groups"] = float(len(bench.alerts.groups.page(Filters(), limit=1_000)))
        transport = httpx.ASGITransport(bench.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench.test") as client:
            for name, ask in _questions(client, bench).items():
                say(name)
                figures |= await _timed(name, rounds, ask)
        figures |= await asyncio.to_thread(_silences, bench, max(rounds // 10, 3), say)
        say(f"{count:,} alerts end")
        figures["resolved_per_s"] = bench.turn(Verdict.CLEARED, count)
        return figures
    finally:
        db.close()


def _questions(client: httpx.AsyncClient, bench: _Bench) -> dict[str, Callable[[], Awaitable[Any]]]:
    """What people ask while all fires, over HTTP in this process."""
    group = bench.alerts.groups.page(Filters(), limit=1)[0].id
    paths = {
        "list": "/api/v1/alerts?state=firing&limit=100",
        "list_filtered": "/api/v1/alerts?state=firing&site=site-1&severity=severe&limit=100",
        "groups": "/api/v1/alert-groups?state=open",
        "members": f"/api/v1/alerts?group={group}&limit=100",
    }

    def asking(path: str) -> Callable[[], Awaitable[Any]]:
        async def ask() -> None:
            (await client.get(path)).raise_for_status()

        return ask

    found: dict[str, Callable[[], Awaitable[Any]]] = {name: asking(path) for name, path in paths.items()}
    wish = {"matchers": [{"name": "device", "op": "=~", "value": "kiosk-.*7"}], "reason": "bench"}

    async def preview() -> None:
        (await client.post("/api/v1/silences/preview", json=wish)).raise_for_status()

    return found | {"preview": preview}


async def _timed(name: str, rounds: int, ask: Callable[[], Awaitable[Any]]) -> Figures:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        await ask()
        times.append(time.perf_counter() - began)
    return _percentiles(name, times)


def _silences(bench: _Bench, rounds: int, say: Say) -> Figures:
    """How long whoever makes a silence waits, and until it holds for a fourth of all alerts."""
    say("silences")
    made, spread = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        silence = bench.silence()
        made.append(time.perf_counter() - began)
        bench.spread(silence)
        spread.append(time.perf_counter() - began)
        bench.end(silence)
        bench.spread(silence)
    return _percentiles("silence", made) | _percentiles("silence_spread", spread)


def _percentiles(name: str, times: list[float]) -> Figures:
    ordered = sorted(times)
    return {
        f"{name}_ms_p50": 1_000 * ordered[len(ordered) // 2],
        f"{name}_ms_p99": 1_000 * ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)],
    }


def _prefixed(say: Say, name: str) -> Say:
    return lambda what: say(f"{name}: {what}")
