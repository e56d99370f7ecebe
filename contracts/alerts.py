"""An alert as others see it, and the desk through which people act on it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Protocol

import msgspec

from contracts.errors import Refused
from contracts.judgements import Evidence, Severity, Text


class State(StrEnum):
    """Where an alert stands. Acknowledged, silenced, inhibited, under maintenance stand beside it."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Quiet(StrEnum):
    """Why nobody is told of an alert that fires."""

    MAINTENANCE = "maintenance"  # its device is being worked on, as planned
    INHIBITED = "inhibited"  # another alert tells the cause
    SILENCED = "silenced"  # somebody said so
    GROUPED = "grouped"  # one of so many that people are told of its group alone


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Public form of one alert: payload of its retained topic and of `alert.*` events."""

    id: str
    revision: int  # 1, 2, 3 …: the greater one is newer
    state: State
    fingerprint: str
    rule: str
    rule_hash: str
    site: str
    device: str = ""
    labels: dict[str, str]
    severity: Severity
    title: Text
    evidence: Evidence
    started: int  # µs UTC, sample time of the first judgement
    updated: int  # µs UTC
    resolved: int | None = None
    acknowledged_by: str = ""
    acknowledged: int | None = None  # µs UTC
    silenced_until: int | None = None  # µs UTC
    incident: bool = True  # whether it opens an incident
    probe: bool = False
    quiet: Quiet | None = None  # why nobody is told just now; None: nothing holds it back
    told: int | None = None  # µs UTC when people were first told: what fires and is quiet waits with it
    silence: str = ""  # id of the silence that holds it back; empty: none, or one of its own
    inhibited_by: str = ""  # id of the alert that tells the cause
    maintenance_until: int | None = None  # µs UTC
    group: str = ""  # id of the group to which it belongs since it fires
    grouped: bool = False  # whether people were told of its group instead
    flapping: bool = False  # it came and went too often: held as one, until it has been calm for a while
    cleared: int | None = None  # µs UTC since when nothing is found any more, while it is flapping


class Desk(Protocol):
    """How people act on alerts. Calls block: use a thread. Raises LookupError for an unknown id."""

    def open(self, *, site: str = "", limit: int = 200) -> list[Alert]:
        """Alerts that are not resolved, worst and newest first; never probes."""
        ...

    def get(self, alert: str) -> Alert:
        """One alert."""
        ...

    def acknowledge(self, alert: str, *, by: str, note: str = "") -> Alert:
        """Someone has it in hand; twice is the same as once."""
        ...

    def silence(self, alert: str, *, by: str, until: int, reason: str) -> Alert:
        """No notification until an instant (µs UTC) or until it resolves, whichever comes first."""
        ...


_decoder: Final = msgspec.json.Decoder(Alert)


def encode(alert: Alert) -> bytes:
    """Alert → JSON."""
    return msgspec.json.encode(alert)


def decode(payload: bytes) -> Alert:
    """JSON → alert. Raises Refused."""
    try:
        return _decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("alert", payload[:120], str(error)) from None
