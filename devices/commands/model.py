"""A command as the desk keeps it, and how its state goes on by what a device says and by the time."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec

from contracts import commands
from contracts.commands import TOLERANCE, Result, Standing, Type
from contracts.instants import MINUTE, SECOND
from contracts.topics import Kind
from devices.commands.errors import Left

ANSWER: Final = 2 * TOLERANCE  # after its expiry a device has so long to answer
WORK: Final = 20 * MINUTE  # after its last word a device that works has so long to say more
_FIRST: Final = 5 * SECOND  # until a device is asked again
_LONGEST: Final = 5 * MINUTE


class State(StrEnum):
    """Where a command stands."""

    QUEUED = "queued"  # certainly not sent
    SENT = "sent"  # perhaps with the device
    ACCEPTED = "accepted"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    EXPIRED = "expired"  # certainly not begun
    WITHDRAWN = "withdrawn"  # certainly not sent: a person took it back before
    TIMED_OUT = "timed-out"  # sent, and no end heard of: it may have been done or not


OPEN: Final = (State.QUEUED, State.SENT, State.ACCEPTED, State.RUNNING)
ENDS: Final = frozenset({State.DONE, State.FAILED, State.REFUSED, State.EXPIRED})  # as a device says


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One command: answer of the API and, without its value, payload of `command.*` events."""

    id: str
    device: str
    site: str
    kind: Kind
    type: Type
    arguments: dict[str, Any]
    by: str  # id of who issued it
    by_name: str
    why: str
    bulk: str = ""  # id of the bulk that it is part of
    issued: int  # µs UTC
    expires: int  # µs UTC: not begun by then, it is not begun
    state: State
    since: int  # µs UTC: in this state
    reason: str = ""  # why it stands there, in words
    progress: int = 0  # per cent
    value: dict[str, Any] = {}  # what it gave
    number: int = 0  # of the device's newest result
    heard: int | None = None  # µs UTC: the device's last word came
    sent: int | None = None  # µs UTC: the first time
    asked: int | None = None  # µs UTC: the last time
    tries: int = 0
    deadline: int  # µs UTC: without a word by then it is over for the desk
    told: bool = False  # the device has said how it ended
    late: bool = False  # its word came after the desk had given up
    revision: int = 1

    @property
    def over(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.state not in OPEN

    def standing(self) -> Standing:
        """As programmes see it."""
        return Standing(
            id=self.id,
            device=self.device,
            type=self.type,
            state=self.state.value,
            over=self.over,
            time=self.since,
            reason=self.reason,
            progress=self.progress,
            value=self.value,
        )

    def message(self) -> commands.Command:
        """What the device gets."""
        what = commands.what(self.type, self.arguments)
        return commands.Command(id=self.id, what=what, issued=self.issued, expires=self.expires, by=self.by)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a command's history."""

    time: int  # µs UTC by the desk's clock
    state: State
    reason: str
    source: str  # desk, device


class Told(Record, frozen=True, kw_only=True):
    """A command with its history, oldest first."""

    history: tuple[Line, ...]


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which commands: each given field must match."""

    device: str = ""
    states: tuple[State, ...] = ()
    type: Type | None = None
    bulk: str = ""


def heard(record: Record, result: Result, now: int) -> Record | None:
    """The command after a device's word; None where that is no news.

    The device's first end is the end. What the desk had given up is corrected by a late word.
    """
    if record.told or result.number <= record.number:
        return None
    ended = result.state in commands.ENDS
    return msgspec.structs.replace(
        record,
        state=State(result.state.value),
        since=now,
        reason=result.reason,
        progress=result.progress,
        value=result.value if ended else record.value,
        number=result.number,
        heard=now,
        deadline=max(record.deadline, now + WORK),
        told=ended,
        late=record.late or record.over,
        revision=record.revision + 1,
    )


def sending(record: Record, now: int) -> Record:
    """The command as it is kept before it leaves: from here on it may be with the device."""
    first = record.state == State.QUEUED
    return msgspec.structs.replace(
        record,
        state=State.SENT if first else record.state,
        since=now if first else record.since,
        reason="" if first else record.reason,
        sent=record.sent or now,
        asked=now,
        tries=record.tries + 1,
        revision=record.revision + 1,
    )


def given_up(record: Record, now: int) -> Record | None:
    """The command after its time; None where it still has some."""
    if record.state == State.QUEUED and now > record.expires:
        return _over(
            record, State.EXPIRED, "it was never sent: the device was not online before it expired", now
        )
    if record.state in OPEN and record.state != State.QUEUED and now > record.deadline:
        times = "once" if record.tries == 1 else f"{record.tries} times"
        if record.heard is None:
            reason = f"it was sent {times}, and the device said nothing; it is asked again when it comes back"
        else:
            reason = f"the device said that it was {record.state}, and nothing after that; it is asked again"
        return _over(record, State.TIMED_OUT, reason, now)
    return None


def withdrawn(record: Record, reason: str, now: int) -> Record:
    """The command, which has not left, taken back. Raises Left."""
    if record.state != State.QUEUED:
        raise Left(record.id, record.state)
    return _over(record, State.WITHDRAWN, reason, now)


def _over(record: Record, state: State, reason: str, now: int) -> Record:
    return msgspec.structs.replace(
        record, state=state, since=now, reason=reason, revision=record.revision + 1
    )


def patience(tries: int) -> int:
    """µs after which a device that is online is asked again, by how often it was."""
    return min(_LONGEST, _FIRST << min(max(tries - 1, 0), 10))
