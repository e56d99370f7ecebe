"""One message on its way through the stages, and the named reasons with which that way ends."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

import msgspec

from contracts.batches import Sequence
from contracts.errors import Refused, shown
from contracts.roster import Entry
from contracts.topics import Channel, Device
from ingest.mappings.load import Match


class Message(Protocol):
    """What ingest needs of a message: the broker's client gives it, and so does a dead letter."""

    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def properties(self) -> Mapping[str, str]: ...
    @property
    def content_type(self) -> str: ...
    @property
    def retain(self) -> bool: ...
    def ack(self) -> None: ...


class Reason(StrEnum):
    """How a message's way ended."""

    STORED = "stored"
    DUPLICATE = "duplicate"  # the ledger has it already; receipted again
    RETAINED = "retained"  # the broker's copy of what was stored when it was new
    BOXED = "boxed"  # beyond its device's share; its sender has it and sends it again
    DROPPED = "dropped"  # beyond its device's share of dead letters, and nobody has it any more
    TOPIC = "wrong-topic"
    DEVICE = "unknown-device"
    SEQUENCE = "wrong-sequence"  # partial, malformed, or of another stream than its topic
    SIZE = "wrong-size"
    TYPE = "wrong-type"
    CONTENT = "wrong-content"  # not what its type says
    TIME = "wrong-time"
    SERIES = "too-many-series"
    EXCESS = "excess"  # beyond its device's share, from a client that numbers nothing
    REJECTED = "rejected"  # by the store
    FAULT = "fault"  # ours: the stages failed at it; replay it after a fix


NOT_KEPT: Final = frozenset({Reason.RETAINED, Reason.BOXED, Reason.DROPPED})


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Why a message is not stored: the field that is wrong, its value, and a sentence."""

    reason: Reason
    field: str = ""
    value: str = ""
    why: str = ""

    @property
    def sentence(self) -> str:
        """Named reason and what it means here."""
        return f"{self.reason}: {self.why}" if self.why else self.reason.value


def refusal(reason: Reason, error: Refused) -> Verdict:
    """What a contract refused, under the stage's reason."""
    return Verdict(reason=reason, field=error.field, value=error.value, why=shown(error.reason))


def refuse(reason: Reason, field: str, value: object, why: str) -> Verdict:
    """What a stage refuses by itself."""
    return Verdict(reason=reason, field=field, value=shown(value), why=shown(why))


class Mark(NamedTuple):
    """How far a load's lists reach."""

    rows: int = 0
    series: int = 0
    frames: int = 0
    tallies: int = 0
    gaps: int = 0
    events: int = 0


class Parcel:
    """A message and what the stages found out about it."""

    __slots__ = (
        "channel",
        "counts",
        "device",
        "end",
        "entry",
        "mapped",
        "message",
        "received",
        "replays",
        "samples",
        "sequence",
        "start",
    )

    def __init__(self, message: Message, received: int, replays: str = "") -> None:
        self.message = message
        self.received = received  # µs UTC
        self.replays = replays  # id of the dead letter that this is
        self.device: Device | None = None
        self.entry: Entry | None = None
        self.channel: Channel | None = None
        self.mapped: Match | None = None  # how a third party's message is read
        self.sequence: Sequence | None = None
        self.start = self.end = Mark()  # what of the load is this parcel's
        self.samples = 0  # samples, events or frames in it, as far as known
        self.counts: dict[int, int] = {}  # hour (µs UTC at its start) → samples, events or frames
