from hypothesis import given
from hypothesis import strategies as st

from contracts import batches, events, ranges, receipts
from contracts.topics import Channel, Device, Kind
from ingest.parcel import Parcel
from ingest.receipt import receipts as due
from tests.ingest.parts import GATE, PARK, message

PLACES = st.tuples(
    st.sampled_from([GATE, PARK]),
    st.sampled_from([Channel.TELEMETRY, Channel.EVENT]),
    st.integers(1, 3),
    st.integers(1, 40),
)


def parcel(device: Device, channel: Channel, epoch: int, seq: int) -> Parcel:
    made = Parcel(message(b"x", device=device, channel=channel, epoch=epoch, seq=seq), 0)
    made.device = device
    made.sequence = batches.sequence(made.message.properties)
    return made


@given(st.lists(PLACES, max_size=60))
def test_exactly_what_was_made_durable_is_listed(places: list[tuple[Device, Channel, int, int]]) -> None:
    listed: set[tuple[str, str, int, int]] = set()
    for topic, receipt in due(parcel(*place) for place in places):
        device, _, channel = receipt.stream.partition("/")
        assert topic.endswith(f"/{device}/receipt")
        assert receipts.decode(receipts.encode(receipt)) == receipt
        for first, last in receipt.ranges:
            for seq in range(first, last + 1):
                key = (device, channel, receipt.epoch, seq)
                assert key not in listed
                listed.add(key)
    assert listed == {(d.device, c.value, epoch, seq) for d, c, epoch, seq in places}


def test_declared_gaps_are_listed_and_the_unnumbered_are_not() -> None:
    gap = events.Gap(
        id="g", time=1, channel="telemetry", epoch=2, ranges=((3, 5),), samples={0: 9}, reason="full"
    )
    unnumbered = Parcel(message(b"x"), 0)
    unnumbered.device = GATE
    found = dict(due([unnumbered, parcel(GATE, Channel.TELEMETRY, 2, 6)], [(GATE, gap)]))
    assert found == {
        GATE.topic(Channel.RECEIPT): receipts.Receipt(stream="kiosk-1/telemetry", epoch=2, ranges=((3, 6),))
    }


def test_too_many_ranges_are_split() -> None:
    device = Device(site="bima", kind=Kind.KIOSK, device="kiosk-1")
    found = list(due(parcel(device, Channel.TELEMETRY, 1, seq) for seq in range(1, 2 * 1_500, 2)))
    assert [len(receipt.ranges) for _, receipt in found] == [1_000, 500]
    assert ranges.size(ranges.union(*(receipt.ranges for _, receipt in found))) == 1_500
