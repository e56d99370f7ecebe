"""What ingest writes, in the tests of the ledger and the sink."""

from contracts.batches import Sequence, Stream
from contracts.events import Tally, TallyRow
from contracts.instants import HOUR, floor
from contracts.ledger import Row
from contracts.series import Block
from contracts.topics import Device, Kind
from store.bundle import Store
from store.sink import Arrival, DeadLetter, Write
from tests.store.parts import a_series

NOW = 1_790_000_000_000_000
HERE = floor(NOW, HOUR)
KIOSK = Device(site="bima", kind=Kind.KIOSK, device="kiosk-1")
EPOCH = NOW - HOUR


def at(seq: int, epoch: int = EPOCH, channel: str = "telemetry") -> Sequence:
    return Sequence(stream=Stream(device=KIOSK.device, channel=channel), epoch=epoch, seq=seq)


def a_write(*sequences: Sequence | None, samples: int = 3, **rest: object) -> Write:
    """One arrival a sequence number, each of a few samples of its own."""
    block = Block()
    arrivals = []
    for place, sequence in enumerate(sequences):
        first = len(block)
        number = sequence.seq if sequence else 1_000 + place
        for i in range(samples):
            block.append(a_series(), HERE + number * 1_000 + i, float(i))
        arrivals.append(
            Arrival(
                device=KIOSK,
                channel=sequence.stream.channel if sequence else "telemetry",
                sequence=sequence,
                rows=(first, len(block)),
                counts={HERE: samples},
            )
        )
    return Write(worker="w1", at=NOW, block=block, arrivals=arrivals, **rest)  # type: ignore[arg-type]


def a_letter(id_: str, sequence: Sequence | None, samples: int = 3) -> DeadLetter:
    return DeadLetter(
        id=id_,
        received=NOW,
        topic="imm/v1/bima/kiosk/kiosk-1/telemetry",
        payload=b'[{"n": ]',
        properties={"seq": "1"},
        field="payload",
        value='[{"n": ]',
        reason="malformed",
        device=KIOSK,
        channel="telemetry",
        sequence=sequence,
        samples=samples,
    )


def the_row(store: Store, channel: str = "telemetry") -> Row:
    (row,) = [row for row in store.ledger.rows(0, 2**62) if row.channel == channel]
    return row


def a_tally(time: int, recorded: int, shed: int = 0, **head: int) -> Tally:
    row = TallyRow(channel="telemetry", hour=HERE, recorded=recorded, sent=recorded - shed, shed=shed)
    values = {"epoch": EPOCH, "spooled": 0, "oldest": 0, **head}
    return Tally(id=f"t{time}", time=time, rows=(row,), **values)
