"""What the desk writes down in English is said in Indonesian: each sentence as its code makes it."""

from __future__ import annotations

import pytest

from contracts.commands import Type
from contracts.topics import Kind
from devices.commands import model
from devices.commands.model import Record, State
from devices.reasons import told


def record(state: State, **changes: object) -> Record:
    """A command in a state."""
    known = {
        "id": "c-1",
        "device": "kiosk-1",
        "site": "bima",
        "kind": Kind.KIOSK,
        "type": Type.SET_VOLUME,
        "arguments": {},
        "by": "p-1",
        "by_name": "Sri",
        "why": "x",
        "issued": 0,
        "expires": 1,
        "since": 0,
        "deadline": 2,
    }
    return Record(**(known | changes), state=state)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    "given_up, said",
    [
        (
            record(State.QUEUED),
            "tidak pernah terkirim: perangkat tidak tersambung sebelum masa berlakunya habis",
        ),
        (
            record(State.SENT, tries=1),
            "terkirim sekali, dan perangkat diam; ditanyakan lagi saat perangkat kembali",
        ),
        (
            record(State.SENT, tries=3),
            "terkirim 3 kali, dan perangkat diam; ditanyakan lagi saat perangkat kembali",
        ),
        (record(State.RUNNING, tries=1, heard=1), "perangkat bilang berjalan, lalu diam; ditanyakan lagi"),
    ],
)
def test_what_became_of_a_command(given_up: Record, said: str) -> None:
    over = model.given_up(given_up, 10)
    assert over is not None
    assert told(over.reason).id == said


def test_a_reason_within_a_reason() -> None:
    reason = "1 of 3 failed in stage canary; kiosk-1: it went offline after the change"
    assert told(reason).id == "1 dari 3 gagal di tahap pertama; kiosk-1: putus sesudah perubahan"
    assert told(f"taken back: {reason}").id.startswith("dikembalikan: 1 dari 3 gagal")
    assert told("abort by Sri Wahyuni: hujan").id == "dibatalkan dan dikembalikan oleh Sri Wahyuni: hujan"


def test_what_a_person_wrote_stays_as_it_is() -> None:
    for words in ("Waktu salat", "", "{curly} 100 %", "line\nbreak"):
        assert (told(words).id, told(words).en) == (words, words)
