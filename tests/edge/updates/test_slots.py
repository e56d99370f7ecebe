"""Which version runs: whatever happens, one that has not proved itself is soon given up."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.updates import slots
from edge.updates.launch import launch
from edge.updates.slots import TRIES, Slot, Slots

STATES = st.builds(
    Slots,
    active=st.sampled_from(Slot),
    trial=st.none() | st.sampled_from([Slot.A, Slot.B]),
    tries=st.integers(0, 5),
    versions=st.dictionaries(st.sampled_from([Slot.A, Slot.B]), st.sampled_from(["1", "2"])),
)


@given(STATES)
def test_what_does_not_prove_itself_is_given_up(state: Slots) -> None:
    runs = []
    for _ in range(TRIES + 2):
        slot, state = slots.begin(state)
        runs.append(slot)
    assert runs[-1] is state.active
    assert state.trial is None
    assert runs[:-1].count(runs[0]) <= TRIES or runs[0] is state.active


@given(STATES)
def test_an_update_never_touches_what_may_be_needed(state: Slots) -> None:
    slot = slots.free(state)
    assert slot is not state.active
    assert slot is not Slot.BASE
    tried = slots.installed(state, "9")
    assert (tried.active, tried.trial, tried.tries) == (state.active, slot, 0)
    assert slots.proven(tried).active is slot
    given = slots.given_up(tried, "it does not work")
    assert (given.active, given.trial, given.failed["9"]) == (state.active, None, "it does not work")


def test_what_is_remembered_survives_and_damage_means_the_base(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING")
    assert slots.read(tmp_path / "none") == Slots()
    state = slots.proven(slots.installed(Slots(), "2"))
    slots.write(tmp_path, state)
    assert slots.read(tmp_path) == state
    (tmp_path / slots.NAME).write_bytes(b'{"active": "c"}')
    assert slots.read(tmp_path).active is Slot.BASE
    assert "slots.json cannot be read" in caplog.text


def program(folder: Path, slot: Slot, code: str) -> None:
    path = slots.program(folder, slot)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\nimport os, sys\n{code}\n")
    path.chmod(0o755)


def start(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The launcher in a process of its own; as base it fails for want of a site."""
    environment = {"PATH": "/usr/bin:/bin", slots.FOLDER: str(folder), "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-m", "edge", *(words or ("kiosk",))]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_launcher_becomes_what_is_tried_and_gives_it_up(tmp_path: Path) -> None:
    program(tmp_path, Slot.A, "print('new', os.environ['IMM_EDGE_SLOT'], *sys.argv[1:]); sys.exit(3)")
    slots.write(tmp_path, slots.installed(Slots(), "2"))
    for _ in range(TRIES):
        assert start(tmp_path).stdout == "new a kiosk\n"
    assert "site" in start(tmp_path).stderr  # the base again
    assert slots.read(tmp_path).failed == {"2": f"it ended {TRIES} times before it had proved itself"}


def test_other_commands_are_no_try(tmp_path: Path) -> None:
    program(tmp_path, Slot.A, "print('new')")
    slots.write(tmp_path, slots.installed(Slots(), "2"))
    assert start(tmp_path, "status").stdout != "new\n"
    assert slots.read(tmp_path).tries == 0


@pytest.mark.parametrize("what", ["missing", "no interpreter", "not allowed"])
def test_what_cannot_be_started_is_left(tmp_path: Path, what: str) -> None:
    program(tmp_path, Slot.A, "")
    path = slots.program(tmp_path, Slot.A)
    if what == "missing":
        path.unlink()
    elif what == "no interpreter":
        path.write_text("#!/nowhere/python\n")
    else:
        path.chmod(0o600)
    slots.write(tmp_path, slots.proven(slots.installed(Slots(), "2")))
    assert "site" in start(tmp_path).stderr
    assert slots.read(tmp_path).active is Slot.BASE


def test_a_try_that_cannot_be_counted_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slots.write(tmp_path, slots.installed(Slots(), "2"))
    became: list[str] = []
    monkeypatch.setattr(slots, "write", full)
    environment = {slots.FOLDER: str(tmp_path)}
    launch(["imm-edge", "kiosk"], environment, lambda path, *_: became.append(path))
    assert (became, environment[slots.CHOSEN]) == ([], "base")


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")
