"""The same on the embedded broker, and a line that is never good for long."""

import asyncio
import random
from pathlib import Path

import pytest

from simulator.relay.commands import Command, Drop, Reset, Way
from tests.system.net.cases import KEEPALIVE, play
from tests.system.net.stage import Line, Outcome, Stage

pytestmark = [pytest.mark.system, pytest.mark.long, pytest.mark.timeout(900)]
ROUNDS = 40
LONGEST = 5.0  # seconds that one trouble lasts


async def test_networks_as_they_are_before_the_embedded_broker(tmp_path: Path) -> None:
    played = await play(tmp_path, "iotcore")
    assert played.ledger["missing"] == played.violations == 0
    for name, found in played.outcomes.items():
        assert found.book.recorded == found.book.stored + found.book.shed, (name, found.book)
        assert found.book.stored == found.readable, (name, found.book)


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_line_that_is_never_good_for_long(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    async with Stage(tmp_path, ["wild"], "mosquitto") as stage:
        line = Line(stage, "wild")
        await line.begin(broker__keepalive=KEEPALIVE, broker__patience=2, period=0.1)
        await line.flows()
        for _ in range(ROUNDS):
            await line.relay(trouble(dice))
            await asyncio.sleep(dice.uniform(0.1, LONGEST))
        await line.relay(Way())
        await line.flows()
        found = await line.end()
        assert stage.witness.violations == 0
    assert whole(found), found.book


def trouble(dice: random.Random) -> Command:
    """Anything that may befall a line."""
    way = Way(
        delay=dice.choice([0, 50, 400]),
        jitter=dice.choice([0, 100]),
        loss=dice.choice([0, 0.1, 0.5]),
        rate=dice.choice([0, 5_000, 50_000]),
        stall=dice.choice(["", "", "", "up", "down", "both"]),
        refuse=dice.random() < 0.1,
    )
    resets = Reset(), Reset(after=dice.randint(1, 5_000))
    everything: list[Command] = [way, way, way, *resets, Drop(side="near"), Drop(side="far"), Way()]
    return dice.choice(everything)


def whole(found: Outcome) -> bool:
    """Whether everything recorded is there, once."""
    return found.book.recorded == found.book.stored == found.readable > 0 and not found.book.holes
