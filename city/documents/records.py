"""A document of the register, and what anyone may learn of it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from contracts.judgements import Text


class State(StrEnum):
    """Where a document stands."""

    PREPARING = "preparing"  # numbered, not yet signed
    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """A document that is to be issued."""

    kind: str  # `sedulur.sku`
    title: Text  # what it is: `Surat Keterangan Usaha`
    number: str  # as it stands on it; unique with its unit
    unit: str  # name of the office that issues it
    record: str  # id of the record that it comes from
    initials: str = ""  # of the person it is about, see `initials`
    until: int | None = None  # µs UTC after which it is over; None: never


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """One document of the register."""

    code: str
    kind: str
    title: Text
    number: str
    unit: str
    record: str
    initials: str
    created: int  # µs UTC
    issued: int | None  # µs UTC
    until: int | None  # µs UTC
    revoked: int | None  # µs UTC
    reason: Text | None  # why it was revoked, for everyone to read
    digest: str  # SHA-256 of the signed PDF, 64 hex digits; empty while it is prepared
    file: str  # id in city.files; empty while it is prepared
    trial: bool  # signed by a trial key: worth nothing

    def state(self, now: int) -> State:
        """Where it stands at an instant (µs UTC)."""
        if self.revoked is not None:
            return State.REVOKED
        if self.issued is None:
            return State.PREPARING
        return State.EXPIRED if self.until is not None and now > self.until else State.VALID


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a check tells: enough to compare with the paper in hand, nothing about a person but initials."""

    state: State
    title: Text
    number: str
    unit: str
    issued: int | None  # µs UTC
    until: int | None  # µs UTC
    revoked: int | None  # µs UTC
    reason: Text | None
    trial: bool
    code: str = ""  # told to those who hold the document: they came with it, or with its file
    initials: str = ""  # likewise
    same: bool | None = None  # whether the file that was shown is the one issued; None where none was


def initials(name: str) -> str:
    """`Siti Nurhaliza` → `S. N.`; of a longer name the first three."""
    words = [word for word in name.split() if word[0].isalpha()]
    return " ".join(f"{word[0].upper()}." for word in words[:3])
