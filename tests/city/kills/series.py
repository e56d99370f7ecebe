"""Kill at random, again and again; then let one finish, and count what was lost or doubled."""

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from sqlalchemy import select, text

import city.schedule.history
from city.audit import CITY, Witness
from city.audit.verify import verify
from city.db import Database, upgrade
from tests.city.drill import until
from tests.city.kills import tables
from tests.city.kills.works import Task
from tests.city.webhooks.receiver import OK, Behave, Got, Receiver, receiving, reply
from tests.city.webhooks.stage import HISTORIES, Stage

ROOT = Path(__file__).resolve().parents[3]
MOMENTS = ("commit", "relay", "delivery", "taken", "random")
_PATIENCE = 20.0  # seconds that a victim may take to come to its moment
_DRAIN = 60.0


class Figures(msgspec.Struct, kw_only=True):
    """What a series found; all but the first group must be 0."""

    kills: int = 0
    kills_by_moment: dict[str, int] = {}
    seconds: float = 0.0
    events: int = 0
    deliveries: int = 0
    repeats: int = 0  # deliveries of what had been taken before: at least once is not exactly once
    clocks: int = 0
    clock_late_ms_most: float = 0.0
    audit_entries: int = 0
    audit_seals: int = 0

    lost: int = 0  # deliveries that never came
    unknown: int = 0  # deliveries of what was never committed
    changed: int = 0  # repeats with another key or another body
    unordered: int = 0  # first deliveries that came after a later one of their subject
    handled_not_once: int = 0
    clocks_not_once: int = 0
    audit_faults: int = 0
    audit_missing: int = 0

    @property
    def faults(self) -> dict[str, int]:
        """What must not be, where it is."""
        names = Figures.__struct_fields__[Figures.__struct_fields__.index("lost") :]
        return {name: getattr(self, name) for name in names if getattr(self, name)}


class Victims:
    """Starts one process after another, and kills it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.pid = 0
        self.commits = 0
        self._process = process
        self._said = asyncio.Event()

    async def start(self, task: Task) -> None:
        assert self._process.stdin is not None
        self.pid, self.commits = 0, 0
        self._process.stdin.write(msgspec.json.encode(task) + b"\n")
        while not self.pid:
            await self.said()

    async def said(self) -> None:
        """Wait for the next line."""
        self._said.clear()
        async with asyncio.timeout(_PATIENCE):
            await self._said.wait()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    @property
    def dead(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        return False

    async def listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            word, number = line.split()
            if word == b"started":
                self.pid = int(number)
            else:
                self.commits = int(number)
            self._said.set()


class Trap:
    """Kills the victim at its n-th request, before it is answered or after."""

    def __init__(self, victims: Victims) -> None:
        self._victims = victims
        self._left = 0
        self._after = False

    def arm(self, requests: int, *, after: bool) -> None:
        self._left, self._after = requests, after

    def step(self) -> None:
        self._left -= 1
        if self._left == 0:
            if self._after:
                asyncio.get_running_loop().call_later(0.001, self._victims.kill)
            else:
                self._victims.kill()


async def series(url: str, folder: Path, *, kills: int, seed: int) -> Figures:
    """Figures of so many kills."""
    began = time.monotonic()
    dice = random.Random(seed)
    stage = Stage(url, folder / "keys.json")
    upgrade(stage.db, [*HISTORIES, city.schedule.history.HISTORY])
    with stage.db.begin() as tx:
        tables.metadata.create_all(tx)
    moments: Counter[str] = Counter()
    async with receiving() as steady, receiving() as moody, _victims() as victims:
        trap = Trap(victims)
        secrets = [stage.add(one.url)[1] for one in (steady, moody)]
        for receiver, fails in ((steady, 0.0), (moody, 0.1)):
            receiver.behave = _behaving(trap, dice, fails)
        for number in range(kills):
            moment = dice.choice(MOMENTS)
            moments[moment] += 1
            await victims.start(Task(url=url, folder=str(folder), seed=seed + number, writes=True))
            await _kill(victims, trap, moment, dice)
            await until(lambda: victims.dead)
            free(stage.db)
        await victims.start(Task(url=url, folder=str(folder), seed=seed, writes=False))
        with contextlib.suppress(AssertionError):  # what is missing is counted
            await until(lambda: _finished(stage.db, steady, moody), _DRAIN)
        victims.kill()
        await until(lambda: victims.dead)
        for receiver, secret in zip((steady, moody), secrets, strict=True):
            for got in receiver.got[-20:]:
                receiver.verify(got, secret)
        figures = _figures(stage, folder, [steady, moody])
    figures.kills, figures.kills_by_moment = kills, dict(sorted(moments.items()))
    figures.seconds = round(time.monotonic() - began, 1)
    stage.db.close()
    return figures


async def _kill(victims: Victims, trap: Trap, moment: str, dice: random.Random) -> None:
    if moment == "random":
        await asyncio.sleep(dice.uniform(0.0, 0.4))
        victims.kill()
    elif moment in ("commit", "relay"):
        wanted = dice.randint(1, 12)
        while victims.commits < wanted:
            await victims.said()
        if moment == "relay":
            await asyncio.sleep(dice.uniform(0.0, 0.03))
        victims.kill()
    else:
        trap.arm(dice.randint(1, 40), after=moment == "taken")
        await until(lambda: victims.dead, _PATIENCE)


def _behaving(trap: Trap, dice: random.Random, fails: float) -> Behave:
    async def behave(_got: Got) -> bytes:
        trap.step()
        return reply(500) if dice.random() < fails else OK

    return behave


@contextlib.asynccontextmanager
async def _victims() -> AsyncIterator[Victims]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.city.kills.zygote",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    victims = Victims(process)
    listening = asyncio.create_task(victims.listen())
    try:
        yield victims
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def free(db: Database) -> None:
    """As if the leases of the dead had run out: the next one need not wait for it."""
    with db.begin() as tx:
        tx.execute(text("UPDATE leases SET until = 0, holder = ''"))


def _finished(db: Database, *receivers: Receiver) -> bool:
    with db.read() as tx:
        known = set(tx.execute(select(tables.truth.c.id)).scalars())
        done = set(tx.execute(select(tables.handled.c.id)).scalars())
        rung = set(tx.execute(select(tables.fired.c.key)).scalars())
        unsealed = tx.execute(text("SELECT count(*) FROM audit_entries WHERE seal IS NULL")).scalar()
    return known == done == rung and not unsealed and all(known <= set(one.keys) for one in receivers)


def _figures(stage: Stage, folder: Path, receivers: list[Receiver]) -> Figures:
    found = Figures()
    with stage.db.read() as tx:
        truth = tx.execute(select(tables.truth).order_by(tables.truth.c.n)).all()
        handled = Counter(tx.execute(select(tables.handled.c.id)).scalars())
        late = tx.execute(select(tables.fired.c.key, tables.fired.c.late)).all()
    known = [row.id for row in truth]
    fired = Counter(row.key for row in late)
    found.events = found.clocks = len(known)
    found.clock_late_ms_most = max((row.late for row in late), default=0) / 1_000
    found.handled_not_once = _not_once(known, handled)
    found.clocks_not_once = _not_once(known, fired)
    subjects = {row.id: row.subject for row in truth}
    for receiver in receivers:
        _delivered(found, receiver, known, subjects)
    _audited(found, stage, folder, len(known))
    return found


def _not_once(known: list[str], counted: Counter[str]) -> int:
    return sum(counted[name] != 1 for name in known) + len(set(counted) - set(known))


def _delivered(found: Figures, receiver: Receiver, known: list[str], subjects: dict[str, str]) -> None:
    """What one receiver was sent, against what was committed."""
    places = {name: place for place, name in enumerate(known)}
    bodies: dict[str, bytes] = {}
    newest: dict[str, int] = defaultdict(lambda: -1)
    seen: set[str] = set()
    for got in receiver.got:
        body = bodies.setdefault(got.key, got.body)
        found.changed += body != got.body or got.event["id"] != got.key
    for got in receiver.took:
        found.deliveries += 1
        if got.key in seen:
            found.repeats += 1
            continue
        seen.add(got.key)
        if got.key not in places:
            found.unknown += 1
            continue
        subject = subjects[got.key]
        found.unordered += places[got.key] < newest[subject]
        newest[subject] = max(newest[subject], places[got.key])
    found.lost += len(set(known) - seen)


def _audited(found: Figures, stage: Stage, folder: Path, events: int) -> None:
    report = verify(stage.db, CITY, Witness(folder / "witness", CITY, clock=stage.clock))
    found.audit_entries = report.entries
    found.audit_seals = report.last
    found.audit_faults = report.count
    with stage.db.read() as tx:
        noted = tx.execute(
            text("SELECT count(DISTINCT record) FROM audit_entries WHERE kind = 'kills.thing'")
        )
        found.audit_missing = events - noted.scalar_one()
