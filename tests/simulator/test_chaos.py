"""What the observer of a chaos run sees. The runs themselves are in tests/system/test_kills.py."""

from contracts.receipts import Receipt, encode
from simulator.chaos.count import Peaks, compare
from simulator.chaos.observer import Observer


class Message:
    """What the observer looks at."""

    def __init__(self, seq: int, attempt: int = 1, epoch: int = 1, channel: str = "telemetry") -> None:
        self.topic = f"imm/v1/bima/sensor/a/{channel}"
        self.properties = {
            "stream": f"a/{channel}",
            "epoch": str(epoch),
            "seq": str(seq),
            "attempt": str(attempt),
        }

    def ack(self) -> None:
        pass


def violations(*messages: Message) -> int:
    observer = Observer()
    for message in messages:
        observer.handle(message)  # type: ignore[arg-type]  # the two attributes that it needs
    return observer.violations


def test_observer_sees_what_leaves_out_of_order() -> None:
    assert violations(Message(1), Message(3), Message(2)) == 1
    assert violations(Message(1), Message(2), Message(3)) == 0


def test_observer_allows_repeats_and_new_starts() -> None:
    assert violations(Message(1), Message(2), Message(1, attempt=2), Message(2)) == 0
    assert violations(Message(5), Message(1, epoch=2)) == 0


def test_observer_knows_which_judgements_wait() -> None:
    observer = Observer()
    for seq in (1, 2, 3):
        observer.handle(Message(seq, channel="judgement"))  # type: ignore[arg-type]
    receipt = Message(0)
    receipt.topic = "imm/v1/bima/judgement/a/receipt"
    receipt.payload = encode(Receipt(stream="a/judgement", epoch=1, ranges=((1, 1), (3, 3))))  # type: ignore[attr-defined]
    observer.handle(receipt)  # type: ignore[arg-type]
    assert observer.unanswered() == 1


def test_a_peak_is_told_by_an_alert_of_its_own_or_lies_within_another() -> None:
    wrong = {"a": {10, 30, 50, 70}, "b": {30, 90}, "c": set[int]()}
    raised = [
        {"device": "a", "started": 10, "resolved": 12},
        {"device": "a", "started": 30, "resolved": 60},
        {"device": "b", "started": 90, "resolved": None},
        {"device": "c", "started": 30, "resolved": 40},
    ]
    assert compare(wrong, raised) == Peaks(told=3, passed=1, untold=2)
    more = {"device": "b", "started": 20, "resolved": 30}
    assert compare(wrong, [*raised, more]) == Peaks(told=3, passed=2, untold=1)
