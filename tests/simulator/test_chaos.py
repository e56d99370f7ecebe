"""Kill everything at random moments: nothing is lost, doubled, or left out of order. Real processes."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.chaos import cli
from simulator.chaos.observer import Observer

pytestmark = pytest.mark.system


class Message:
    """What the observer looks at."""

    def __init__(self, seq: int, attempt: int = 1, epoch: int = 1) -> None:
        self.properties = {
            "stream": "a/telemetry",
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


@pytest.mark.timeout(300)
@pytest.mark.parametrize("broker", ["mosquitto", "iotcore"])
def test_nothing_is_lost_on_the_embedded_store(broker: str, tmp_path: Path) -> None:
    rounds = int(os.environ.get("IMM_TEST_CHAOS_ROUNDS", "10"))
    words = ["--rounds", str(rounds), "--seed", "7", "--broker", broker, "--keep", str(tmp_path), "--json"]
    done = CliRunner().invoke(cli.chaos, words, obj=None)
    assert done.exit_code == 0, done.output
