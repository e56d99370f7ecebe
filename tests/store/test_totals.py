"""What the ledger's databases add up is what its rows add up to, on each engine and database."""

import random

import pytest

from contracts.batches import Sequence, Stream
from contracts.events import Stray, Tally, TallyRow
from contracts.instants import HOUR
from contracts.ledger import Totals
from contracts.series import Block
from contracts.topics import Device, Kind
from store.bundle import Store
from store.sink import Arrival, Write
from tests.store.writes import EPOCH, HERE, NOW, a_letter, a_write, at

EVER = (0, 2**62)
DEVICES = [Device(site="bima", kind=Kind.KIOSK, device=f"kiosk-{number}") for number in (1, 2)]
CHANNELS = ("telemetry", "event")


def arrival(dice: random.Random) -> Arrival:
    device, channel = dice.choice(DEVICES), dice.choice(CHANNELS)
    stream = Stream(device=device.device, channel=channel)
    numbered = Sequence(stream=stream, epoch=EPOCH, seq=dice.randint(1, 40))
    return Arrival(
        device=device,
        channel=channel,
        sequence=dice.choice((numbered, numbered, None)),
        rows=(0, 0),
        counts={HERE + dice.randrange(4) * HOUR: dice.randint(1, 9)},
    )


def tally(dice: random.Random, place: int) -> tuple[Device, Tally]:
    given_up = tuple(
        Stray(epoch=EPOCH, first=first, last=first + dice.randrange(3), each=dice.randint(1, 3))
        for first in dice.sample(range(1, 40, 5), dice.choice((0, 0, 2)))
    )
    row = TallyRow(
        channel=dice.choice(CHANNELS),
        hour=HERE + dice.randrange(4) * HOUR,
        recorded=dice.randint(0, 60),
        sent=0,
        shed=dice.randint(20, 30),
        strays=given_up,
    )
    told = Tally(id=f"{place}", time=NOW + place, epoch=EPOCH, spooled=0, oldest=0, rows=(row,))
    return dice.choice(DEVICES), told


@pytest.mark.parametrize("seed", range(5))
def test_totals_are_those_of_all_rows(whole: Store, seed: int) -> None:
    dice = random.Random(seed)
    for place in range(30):
        whole.sink.commit(
            Write(
                worker="w1",
                at=NOW,
                block=Block(),
                arrivals=[arrival(dice) for _ in range(3)],
                tallies=[tally(dice, place)] if place % 3 == 0 else [],
            )
        )
    whole.sink.commit(a_write(dead=[a_letter("a", at(99))]))
    rows = whole.ledger.rows(*EVER)
    found = whole.ledger.totals(*EVER)
    assert found == Totals.of(rows)
    assert all((found.missing, found.excess, found.shed, found.dead, found.unsequenced, found.untold))
    for span in ((HERE, HERE + HOUR), (HERE + HOUR, HERE + 3 * HOUR)):
        for device in ("", "kiosk-1", "kiosk-2", "kiosk-3"):
            expected = Totals.of(whole.ledger.rows(*span, device=device))
            assert whole.ledger.totals(*span, device=device) == expected


def test_an_empty_ledger_adds_up_to_nothing(whole: Store) -> None:
    assert whole.ledger.totals(*EVER) == Totals.of([])
