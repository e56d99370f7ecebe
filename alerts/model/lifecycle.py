"""The life of an alert, as pure functions: what was, and what comes in → what is, and a named reason."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from contracts.alerts import Alert, Quiet, State
from contracts.batches import Sequence
from contracts.judgements import Judgement, Verdict
from runtime.ids import Factory


class Outcome(StrEnum):
    """What came of a judgement or of a person's act."""

    RAISED = "raised"  # a new alert, not yet sure
    FIRED = "fired"
    UPDATED = "updated"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"  # over before it fired: nobody heard of it
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    INHIBITED = "inhibited"  # another alert tells the cause
    MAINTAINED = "maintenance"  # its device is being worked on
    CALMER = "calmer"  # cleared, and held because it flaps
    RETURNED = "returned"  # found again while it is held
    GROUPED = "grouped"  # people are told of its group instead
    RELEASED = "released"  # nothing holds it back any more
    # From here on nothing changes.
    DUPLICATE = "duplicate"  # this judgement was taken before
    LATE = "late"  # a newer one of the same fingerprint was taken before
    UNCHANGED = "unchanged"  # says nothing new
    TRIAL = "trial"  # its rule is not active: kept, and no alert
    NOTHING_OPEN = "nothing open"  # cleared, and no alert was open
    ALREADY = "already"  # acknowledged before
    OVER = "over"  # resolved before


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Which of two judgements of one fingerprint is the newer."""

    stream: str = ""  # of the producer; empty where the judgement came without a number
    epoch: int = 0
    seq: int = 0
    judged: int  # µs UTC by the producer's clock
    time: int  # µs UTC of the sample

    @classmethod
    def of(cls, judgement: Judgement, sequence: Sequence | None) -> Place:
        """Place of a judgement that came with this number, or with none."""
        if sequence is None:
            return cls(judged=judgement.judged, time=judgement.time)
        return cls(
            stream=str(sequence.stream),
            epoch=sequence.epoch,
            seq=sequence.seq,
            judged=judgement.judged,
            time=judgement.time,
        )

    def newer(self, other: Place) -> bool:
        """Within a stream its numbers decide, which no clock can turn back; else the producers' clocks."""
        if self.stream and self.stream == other.stream:
            return (self.epoch, self.seq) > (other.epoch, other.seq)
        return (self.judged, self.time) > (other.judged, other.time)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What is after something came in. `alert` is None where nothing has changed."""

    outcome: Outcome
    alert: Alert | None = None


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside the state of an alert that fires. Fields as of an Alert."""

    silence: str = ""
    silenced_until: int | None = None
    inhibited_by: str = ""
    maintenance_until: int | None = None
    grouped: bool = False

    @property
    def quiet(self) -> Quiet | None:
        """Why nobody is told: what people can do least about comes first."""
        if self.maintenance_until is not None:
            return Quiet.MAINTENANCE
        if self.inhibited_by:
            return Quiet.INHIBITED
        if self.silenced_until is not None:
            return Quiet.SILENCED
        return Quiet.GROUPED if self.grouped else None


NOTHING: Final = Beside()
_HELD: Final = {
    Quiet.MAINTENANCE: Outcome.MAINTAINED,
    Quiet.INHIBITED: Outcome.INHIBITED,
    Quiet.SILENCED: Outcome.SILENCED,
    Quiet.GROUPED: Outcome.GROUPED,
    None: Outcome.RELEASED,
}
_LATE: Final = Step(outcome=Outcome.LATE)


def judge(
    alert: Alert | None,
    last: Place | None,
    judgement: Judgement,
    place: Place,
    *,
    now: int,
    ids: Factory,
    hold: int = 0,
    flaps: bool = False,
) -> Step:
    """Apply a judgement to the open alert of its fingerprint (None where there is none).

    `last` is the place of the newest judgement applied to this fingerprint. `hold` (µs of sample time): how
    long a finding must last before it fires. `flaps`: it began so often that it is held as one from now on.
    A probe always fires an alert of its own.
    """
    if judgement.probe:
        raised = judgement.verdict is Verdict.RAISED
        return _raise(judgement, now, ids, 0) if raised else Step(outcome=Outcome.UNCHANGED)
    if last is not None and not place.newer(last):
        return _LATE
    if judgement.verdict is Verdict.CLEARED:
        return Step(outcome=Outcome.NOTHING_OPEN) if alert is None else _clear(alert, judgement, now)
    return (
        _raise(judgement, now, ids, hold, flaps=flaps)
        if alert is None
        else _update(alert, judgement, now, hold)
    )


def ripen(alert: Alert, *, now: int, hold: int) -> Step:
    """Fire a pending alert that has lasted for `hold` (µs)."""
    if alert.state is not State.PENDING or now - alert.started < hold:
        return Step(outcome=Outcome.UNCHANGED)
    return _next(Outcome.FIRED, alert, now, state=State.FIRING, told=now)


def acknowledge(alert: Alert, *, by: str, now: int) -> Step:
    """Someone has it in hand. Twice is the same as once; an alert that is over stays as it is."""
    if alert.state is State.RESOLVED:
        return Step(outcome=Outcome.OVER)
    if alert.acknowledged is not None:
        return Step(outcome=Outcome.ALREADY)
    return _next(Outcome.ACKNOWLEDGED, alert, now, acknowledged=now, acknowledged_by=by)


def silence(alert: Alert, *, until: int, now: int) -> Step:
    """No notification until an instant (µs UTC); a later call replaces an earlier one."""
    if alert.state is State.RESOLVED:
        return Step(outcome=Outcome.OVER)
    if alert.silenced_until == until:
        return Step(outcome=Outcome.ALREADY)
    return _next(
        Outcome.SILENCED, alert, now, silenced_until=until, silence="", quiet=alert.quiet or Quiet.SILENCED
    )


def outcome(quiet: Quiet | None) -> Outcome:
    """How the history calls it that an alert becomes quiet, or is so no more."""
    return _HELD[quiet]


def set_beside(alert: Alert, beside: Beside, *, now: int) -> Step:
    """Let this stand beside an alert that fires; who was never told of it is told once nothing holds it."""
    changes = _changes(beside)
    if alert.state is not State.FIRING:
        return Step(outcome=Outcome.UNCHANGED)
    if all(getattr(alert, name) == value for name, value in changes.items()):
        return Step(outcome=Outcome.UNCHANGED)
    if beside.quiet is None and alert.told is None:
        changes["told"] = max(now, alert.updated)
    return _next(_HELD[beside.quiet], alert, now, **changes)


def with_beside(alert: Alert, beside: Beside, *, before: Alert | None) -> Alert:
    """An alert that fires, with this beside it: people are told unless it is quiet, and told once."""
    alert = replace(alert, **_changes(beside))
    if before is not None and before.told is not None:
        return replace(alert, told=before.told)
    return replace(alert, told=None if beside.quiet is not None else alert.updated)


def _changes(beside: Beside) -> dict[str, object]:
    return msgspec.structs.asdict(beside) | {"quiet": beside.quiet}


def settle(alert: Alert, *, now: int, calm: int) -> Step:
    """End an alert that flapped and of which nothing was found for `calm` (µs)."""
    if alert.state is not State.FIRING or alert.cleared is None or now - alert.cleared < calm:
        return Step(outcome=Outcome.UNCHANGED)
    end = max(alert.cleared, alert.started)
    return _next(Outcome.RESOLVED, alert, now, state=State.RESOLVED, resolved=end, **_changes(NOTHING))


def _raise(judgement: Judgement, now: int, ids: Factory, hold: int, *, flaps: bool = False) -> Step:
    fires = hold == 0
    alert = Alert(
        id=ids(),
        revision=1,
        state=State.FIRING if fires else State.PENDING,
        fingerprint=judgement.fingerprint,
        rule=judgement.rule,
        rule_hash=judgement.rule_hash,
        site=judgement.site,
        device=judgement.device,
        labels=judgement.labels,
        severity=judgement.severity,
        title=judgement.title,
        evidence=judgement.evidence,
        started=judgement.time,
        updated=now,
        incident=judgement.incident,
        probe=judgement.probe,
        told=now if fires else None,
        flapping=flaps,
    )
    return Step(outcome=Outcome.FIRED if fires else Outcome.RAISED, alert=alert)


def _update(alert: Alert, judgement: Judgement, now: int, hold: int) -> Step:
    told = {
        "rule_hash": judgement.rule_hash,
        "labels": judgement.labels,
        "severity": judgement.severity,
        "title": judgement.title,
        "evidence": judgement.evidence,
    }
    if alert.state is State.PENDING and judgement.time - alert.started >= hold:
        return _next(Outcome.FIRED, alert, now, state=State.FIRING, told=now, **told)
    if alert.cleared is not None:
        return _next(Outcome.RETURNED, alert, now, cleared=None, **told)
    if all(getattr(alert, name) == value for name, value in told.items()):
        return Step(outcome=Outcome.UNCHANGED)
    return _next(Outcome.UPDATED, alert, now, **told)


def _clear(alert: Alert, judgement: Judgement, now: int) -> Step:
    if alert.flapping and alert.state is State.FIRING:
        if alert.cleared is not None:
            return Step(outcome=Outcome.UNCHANGED)
        return _next(Outcome.CALMER, alert, now, cleared=now)
    outcome = Outcome.WITHDRAWN if alert.state is State.PENDING else Outcome.RESOLVED
    end = max(judgement.time, alert.started)
    return _next(outcome, alert, now, state=State.RESOLVED, resolved=end, **_changes(NOTHING))


def _next(outcome: Outcome, alert: Alert, now: int, **changes: object) -> Step:
    updated = max(now, alert.updated)  # a clock that was set back must not make the newer revision look older
    return Step(
        outcome=outcome, alert=replace(alert, revision=alert.revision + 1, updated=updated, **changes)
    )
