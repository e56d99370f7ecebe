from ingest.box import Box
from ingest.gather import Load
from ingest.parcel import Parcel, Reason, Verdict
from ingest.settings import Share
from runtime.clock import Fake
from tests.ingest.parts import GATE, PARK, Message, message

SHARE = Share(records_per_s=10, messages_per_s=2, letters_per_s=1, burst_s=2)


def sent(message: Message, device: object, samples: int = 1) -> Parcel:
    parcel = Parcel(message, 0)
    parcel.device = device  # type: ignore[assignment]
    parcel.samples = samples
    if "seq" in message.properties:
        from contracts import batches

        parcel.sequence = batches.sequence(message.properties)
    return parcel


def passes(box: Box, parcel: Parcel) -> Verdict | None:
    verdict = box(parcel, Load())
    if verdict is None:
        box.charge(parcel)
    return verdict


def reasons(box: Box, parcel: Parcel, times: int) -> list[Reason | None]:
    return [verdict.reason if (verdict := passes(box, parcel)) else None for _ in range(times)]


def test_a_device_has_its_share_of_messages(clock: Fake) -> None:
    box = Box(SHARE, clock)
    noisy = sent(message(b"x", seq=1), GATE)
    assert reasons(box, noisy, 6) == [None] * 4 + [Reason.BOXED] * 2
    assert reasons(box, sent(message(b"x", seq=1, device=PARK), PARK), 4) == [None] * 4
    clock.advance(1)
    assert reasons(box, noisy, 3) == [None, None, Reason.BOXED]


def test_a_device_has_its_share_of_records(clock: Fake) -> None:
    box = Box(SHARE, clock)
    large = sent(message(b"x", seq=1), GATE, samples=25)
    assert reasons(box, large, 2) == [None, Reason.BOXED]
    clock.advance(0.6)
    assert reasons(box, large, 2) == [None, Reason.BOXED]


def test_what_nobody_sends_again_is_kept(clock: Fake) -> None:
    box = Box(SHARE, clock)
    assert reasons(box, sent(message(b"x"), GATE), 5)[-1] is Reason.EXCESS


def test_dead_letters_have_a_share_of_their_own(clock: Fake) -> None:
    box = Box(SHARE, clock)
    stranger, numbered = sent(message(b"x"), None), sent(message(b"x", seq=1), GATE)
    assert [box.letter(stranger) for _ in range(2)] == [None, None]
    third = box.letter(stranger)
    assert third is not None
    assert third.reason is Reason.DROPPED
    verdicts = [box.letter(numbered) for _ in range(3)]
    assert [verdict.reason if verdict else None for verdict in verdicts] == [None, None, Reason.BOXED]
    clock.advance(1)
    assert box.letter(stranger) is None
