"""What befalls lines, each a coroutine with a line of its own, and what comes of it. All at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec

from runtime.spool import LEAST
from simulator.relay.commands import Ask, Drop, Reset, Way
from tests.system.net.space import FIRST, Space
from tests.system.net.stage import LOOK, Line, Outcome, Stage

KEEPALIVE = 2  # seconds; the broker gives a silent line up after 1.5 of them, and so does an agent
HOURS = 7_200.0  # seconds of its own time without a network
BEHIND = HOURS + 300.0  # so much earlier it begins, lest it gets ahead of everybody
RATE = 600.0
SLOW = 30.0  # seconds between samples then
SMALL = LEAST  # bytes of a spool that does not hold two hours …
OFTEN = 10.0  # … of samples so many seconds apart
RESETS = 3  # five losses would be flapping
BAD = Way(delay=80, jitter=120, loss=0.1, again=400, rate=30_000)

Case = Callable[[Line], Awaitable[None]]


async def link(line: Line) -> None:
    """The cable is pulled, and plugged in again."""
    assert line.space
    await line.begin(broker__keepalive=KEEPALIVE)
    await line.flows()
    line.space.cut()
    await line.told()
    line.space.mend()
    await line.flows()
    await line.late()
    await line.over()
    await line.flows()


async def moved(line: Line) -> None:
    """Its address is taken away while it is connected, and after a while it has another."""
    assert line.space
    await line.begin(broker__keepalive=KEEPALIVE)
    await line.flows()
    line.space.leave(FIRST)
    await line.told()
    line.space.arrive(FIRST + 1)
    await line.flows()
    await line.late()
    await line.over()
    await line.flows()


async def bad(line: Line) -> None:
    """A line that is slow, late and loses packets, but is there."""
    await line.begin(broker__keepalive=KEEPALIVE * 3)
    await line.relay(BAD)
    for _ in range(8):
        await line.flows()


async def stalled(line: Line) -> None:
    """Nothing passes for longer than the keepalive; what waited is passed on afterwards."""
    await line.begin(broker__keepalive=KEEPALIVE, broker__patience=2)
    await line.flows()
    await line.relay(Way(stall="both"))
    await line.told()
    await line.relay(Way())
    await line.flows()
    await line.over()
    await line.flows()


async def deaf(line: Line) -> None:
    """What the broker says does not arrive, no PUBACK and no receipt: it has all and is sent it again."""
    await line.begin(broker__keepalive=KEEPALIVE, broker__patience=2)
    await line.flows()
    await line.relay(Way(stall="down"))
    while (await line.relay(Ask())).taken < 3:
        await asyncio.sleep(LOOK)
    await line.relay(Way())
    await line.flows()


async def reset(line: Line) -> None:
    """Both ends are reset in the middle of a batch, again and again."""
    await line.begin()
    for number in range(RESETS):
        await line.flows()
        await line.relay(Reset(after=700 + 400 * number))
        await line.until(lambda seen=number + 2: _connections(line) >= seen)  # type: ignore[misc]
    await line.flows()


async def far(line: Line) -> None:
    """The broker's side is gone, and the agent is not told: it must notice by itself."""
    await line.begin(broker__keepalive=KEEPALIVE * 3)
    await line.flows()
    await line.relay(Drop(side="far"))
    await line.told()
    await line.flows()
    await line.late()
    await line.over()
    await line.flows()


async def near(line: Line) -> None:
    """The agent's side is gone, and the broker is not told: it hears of it when the agent is back already."""
    await line.begin()
    await line.flows()
    await line.relay(Drop(side="near"))
    await line.until(lambda: line.stage.witness.wills.get(line.device.device))
    await line.flows()
    await line.late()
    await line.flows()


async def hours(line: Line) -> None:
    """Two hours of its own time without a network."""
    await _two_hours(line)


async def small(line: Line) -> None:
    """The same with a spool that does not hold so much."""
    await _two_hours(line, spool__limit_bytes=SMALL, period=OFTEN)


CASES: dict[str, Case] = {
    case.__name__: case for case in (link, moved, bad, stalled, deaf, reset, far, near, hours, small)
}
SPACES = {"link": 0, "moved": 1}  # those with a cable of their own


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    outcomes: dict[str, Outcome]
    ledger: dict[str, int]  # sums of `imm ledger`
    seen: int  # first transmissions, by who watched
    violations: int  # of these out of order


async def play(folder: Path, broker: str) -> Played:
    """Everything at once, beside one platform. Raises what a case raises."""
    outcomes = {}
    with ExitStack() as open_:
        spaces = {name: open_.enter_context(Space(name, number)) for name, number in SPACES.items()}
        async with Stage(folder, list(CASES), broker) as stage:

            async def one(name: str, case: Case) -> None:
                line = Line(stage, name, spaces.get(name))
                await case(line)
                outcomes[name] = await line.end()

            async with asyncio.TaskGroup() as tasks:
                for name, case in CASES.items():
                    tasks.create_task(one(name, case), name=name)
            return Played(
                outcomes=outcomes,
                ledger=await asyncio.to_thread(stage.ledger),
                seen=stage.witness.seen,
                violations=stage.witness.violations,
            )


async def _two_hours(line: Line, **options: float) -> None:
    await line.begin(hurried=(BEHIND, RATE, HOURS), **{"period": SLOW, **options})
    await line.until(lambda: line.times(1))
    before = (await asyncio.to_thread(line.times, 1))[-1]
    await line.relay(Way(refuse=True))
    await line.relay(Reset())
    await line.hurry()
    taken = (await line.relay(Ask())).taken
    assert taken == 1, "it was not cut off"
    await line.relay(Way())
    await line.until(lambda: line.times(before + round(HOURS * 0.9e6)))


def _connections(line: Line) -> int:
    """How many of its connections said that they are there."""
    said = line.stage.witness.statuses[line.device.device]
    return max((status.connection for status in said if status.state == "online"), default=0)
