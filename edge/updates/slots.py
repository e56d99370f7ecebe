"""Which installation runs: the one that was there from the start, or one of two that updates take turns with.

Pure but for `read` and `write`. The launcher decides by it before anything of the agent is loaded.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from edge.state import Folder

NAME: Final = "slots.json"
FOLDER: Final = "IMM_EDGE_SLOTS"  # variable: where the slots lie; without it there are none
CHOSEN: Final = "IMM_EDGE_SLOT"  # variable: set by the launcher for what it starts
TRIES: Final = 2  # starts in which a new version may prove itself
_log: Final = logging.getLogger(__name__)  # unset in the launcher: it goes to stderr as it is
_MEMORY: Final = 8  # versions that failed and are remembered


class Slot(StrEnum):
    """An installation."""

    BASE = "base"  # as the device was set up; updates never touch it
    A = "a"
    B = "b"


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """What is installed where, and what is tried."""

    active: Slot = Slot.BASE
    trial: Slot | None = None  # runs next, until it is proven or given up
    tries: int = 0  # its starts so far
    versions: dict[Slot, str] = {}  # of a and b
    failed: dict[str, str] = {}  # version → why it was given up; the newest last

    def version(self, slot: Slot) -> str:
        """Version in a slot; empty where it is not known."""
        return self.versions.get(slot, "")


def begin(slots: Slots) -> tuple[Slot, Slots]:
    """What to start now, and what is to be remembered before it starts."""
    if slots.trial is None:
        return slots.active, slots
    if slots.tries >= TRIES:
        given = given_up(slots, f"it ended {slots.tries} times before it had proved itself")
        return given.active, given
    return slots.trial, msgspec.structs.replace(slots, tries=slots.tries + 1)


def free(slots: Slots) -> Slot:
    """Where the next version goes: where nothing is that may be needed."""
    return Slot.B if slots.active is Slot.A else Slot.A


def installed(slots: Slots, version: str) -> Slots:
    """The free slot holds this version now, to be tried at the next start."""
    slot = free(slots)
    failed = {one: why for one, why in slots.failed.items() if one != version}
    return msgspec.structs.replace(
        slots, trial=slot, tries=0, versions={**slots.versions, slot: version}, failed=failed
    )


def proven(slots: Slots) -> Slots:
    """What was tried is what runs from now on; what ran before stays in its slot."""
    if slots.trial is None:
        return slots
    return msgspec.structs.replace(slots, active=slots.trial, trial=None, tries=0)


def given_up(slots: Slots, why: str) -> Slots:
    """What was tried is not tried again; what ran before runs."""
    if slots.trial is None:
        return slots
    failed = {**slots.failed, slots.version(slots.trial): why}
    kept = dict(list(failed.items())[-_MEMORY:])
    return msgspec.structs.replace(slots, trial=None, tries=0, failed=kept)


def broken(slots: Slots, slot: Slot, why: str) -> Slots:
    """A slot's program cannot be started at all."""
    if slot is slots.trial:
        return given_up(slots, why)
    if slot is not slots.active:
        return slots
    failed = {**slots.failed, slots.version(slot): why}
    return msgspec.structs.replace(slots, active=Slot.BASE, failed=failed)


def choose(folder: Path) -> Slot:
    """What to start now. A try that cannot be counted is not made. Raises OSError."""
    known = read(folder)
    slot, after = begin(known)
    if after != known:
        try:
            write(folder, after)
        except OSError:
            return known.active
    return slot


def read(folder: Path) -> Slots:
    """What is remembered; of a file that cannot be read nothing is, so that the base runs. Raises OSError."""
    raw = Folder(folder).read(NAME)
    try:
        return msgspec.json.decode(raw, type=Slots) if raw else Slots()
    except msgspec.MsgspecError as error:
        _log.warning("%s cannot be read, so what was there from the start runs: %s", folder / NAME, error)
        return Slots()


def write(folder: Path, slots: Slots) -> None:
    """Remember, durably. Raises OSError."""
    place = Folder(folder)
    place.prepare()
    place.write(NAME, msgspec.json.encode(slots))


def program(folder: Path, slot: Slot) -> Path:
    """The agent's program in a or b."""
    return folder / slot / "bin" / "imm-edge"
