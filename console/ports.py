"""What the console shows comes through these ports; app wires them. Calls block: the console uses threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from contracts import alerts, ledger, roster, series
from contracts.judgements import Severity, Text
from contracts.series import Series, Value


class Incident(Protocol):
    """One line of the desk's list."""

    @property
    def number(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def priority(self) -> str: ...
    @property
    def severity(self) -> Severity: ...
    @property
    def site(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def title(self) -> Text: ...
    @property
    def opened(self) -> int: ...
    @property
    def acknowledged(self) -> int | None: ...
    @property
    def acknowledged_by(self) -> str: ...
    @property
    def alert_over(self) -> int | None: ...


class Incidents(Protocol):
    """The desk's list."""

    def working(self, *, limit: int = 50) -> Sequence[Incident]:
        """Incidents on which someone has to act, most urgent first, then oldest."""
        ...


class ProbeTimes(Protocol):
    """From device to desk, over the last hour; milliseconds, None where no probe came."""

    @property
    def count(self) -> int: ...
    @property
    def p50_ms(self) -> float | None: ...
    @property
    def p99_ms(self) -> float | None: ...
    @property
    def newest(self) -> int | None: ...


class Probes(Protocol):
    """How long the whole path takes."""

    def last_hour(self) -> ProbeTimes:
        """Times of the probes that arrived within the last hour."""
        ...


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One message that was refused and kept."""

    id: str
    received: int  # µs UTC
    topic: str
    device: str  # empty where it was not told
    content_type: str
    field: str
    value: str
    reason: str
    samples: int
    replayed: int | None  # µs UTC
    payload: bytes  # base64 in JSON; the first 16 KiB


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One sample of a letter, and what the store has in its place."""

    series: Series
    time: int  # µs UTC
    stored: Value | None  # None: nothing yet
    value: Value


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What became, or would become, of one letter that is taken in again."""

    id: str
    accepted: bool
    samples: int  # stored, or that would be
    same: int  # of these, in the store already
    changes: tuple[Change, ...] = ()  # the others, as many as are worth showing
    reason: str = ""  # why it is still refused


class Letters(Protocol):
    """Refused messages."""

    def count(self) -> int:
        """How many wait for a decision."""
        ...

    def page(self, *, after: str, limit: int, replayed: bool) -> list[Letter]:
        """Letters after an id (empty: from the oldest on), in order of id; with `replayed` also those."""
        ...

    def replay(self, ids: Sequence[str], *, dry: bool) -> list[Replay]:
        """Take letters in again, or only say what would become of them. Raises LookupError."""
        ...


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the console reads."""

    series: series.Reader
    ledger: ledger.Reader
    roster: roster.Reader
    alerts: alerts.Desk
    incidents: Incidents
    probes: Probes
    letters: Letters
