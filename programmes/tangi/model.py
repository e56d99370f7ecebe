"""An incident, its life, and what it remembers."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec
from statemachine import State as Stage
from statemachine import StateMachine
from statemachine.exceptions import TransitionNotAllowed

from city.identity import caller
from contracts.judgements import Severity, Text
from programmes.tangi.errors import NotNow


class State(StrEnum):
    """Where an incident stands."""

    RECEIVED = "received"
    TRIAGED = "triaged"
    DISPATCHED = "dispatched"
    ACKNOWLEDGED = "acknowledged"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    DUPLICATE = "duplicate"
    FALSE_ALARM = "false_alarm"


class Step(StrEnum):
    """What someone does with an incident."""

    TRIAGE = "triage"
    DISPATCH = "dispatch"
    ACKNOWLEDGE = "acknowledge"
    DEPART = "depart"
    ARRIVE = "arrive"
    RESOLVE = "resolve"
    CLOSE = "close"
    CANCEL = "cancel"
    LINK = "link"
    DISMISS = "dismiss"


class Priority(StrEnum):
    """How soon someone must act: P1 is life in danger."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


PRIORITY: Final = {
    Severity.EXTREME: Priority.P1,
    Severity.SEVERE: Priority.P2,
    Severity.MODERATE: Priority.P3,
    Severity.MINOR: Priority.P4,
}
WORKING: Final = (
    State.RECEIVED,
    State.TRIAGED,
    State.DISPATCHED,
    State.ACKNOWLEDGED,
    State.EN_ROUTE,
    State.ON_SCENE,
)  # someone still has to act: what the desk shows, and what a new alert of the same fingerprint joins
WAITING: Final = (State.RECEIVED, State.TRIAGED, State.DISPATCHED)  # nobody has it in hand yet
LONGEST: Final = 2_000  # characters of a note or reason
ENDED: Final = (State.CLOSED, State.CANCELLED, State.DUPLICATE, State.FALSE_ALARM)


class _Life(StateMachine):
    """The declared life; every working state may also end without work, each with a reason."""

    received = Stage(State.RECEIVED, value=State.RECEIVED, initial=True)
    triaged = Stage(State.TRIAGED, value=State.TRIAGED)
    dispatched = Stage(State.DISPATCHED, value=State.DISPATCHED)
    acknowledged = Stage(State.ACKNOWLEDGED, value=State.ACKNOWLEDGED)
    en_route = Stage(State.EN_ROUTE, value=State.EN_ROUTE)
    on_scene = Stage(State.ON_SCENE, value=State.ON_SCENE)
    resolved = Stage(State.RESOLVED, value=State.RESOLVED)
    closed = Stage(State.CLOSED, value=State.CLOSED, final=True)
    cancelled = Stage(State.CANCELLED, value=State.CANCELLED, final=True)
    duplicate = Stage(State.DUPLICATE, value=State.DUPLICATE, final=True)
    false_alarm = Stage(State.FALSE_ALARM, value=State.FALSE_ALARM, final=True)

    triage = received.to(triaged)
    dispatch = received.to(dispatched) | triaged.to(dispatched)
    acknowledge = received.to(acknowledged) | triaged.to(acknowledged) | dispatched.to(acknowledged)
    depart = acknowledged.to(en_route)
    arrive = en_route.to(on_scene) | acknowledged.to(on_scene)
    resolve = resolved.from_(received, triaged, dispatched, acknowledged, en_route, on_scene)
    close = resolved.to(closed)
    cancel = cancelled.from_(received, triaged, dispatched, acknowledged, en_route, on_scene)
    link = duplicate.from_(received, triaged, dispatched, acknowledged, en_route, on_scene)
    dismiss = false_alarm.from_(received, triaged, dispatched, acknowledged, en_route, on_scene)


def after(number: str, state: State, step: Step) -> State:
    """State in which a step ends. Raises NotNow."""
    life = _Life(start_value=state)
    try:
        life.send(step)
    except TransitionNotAllowed:
        raise NotNow(number, state, step, allowed(state)) from None
    return State(life.current_state_value)


def allowed(state: State) -> tuple[Step, ...]:
    """Steps that a state allows."""
    names = {event.id for event in _Life(start_value=state).allowed_events}
    return tuple(step for step in Step if step in names)


class Kind(StrEnum):
    """What a line of the timeline tells."""

    OPENED = "opened"
    ALERT = "alert"
    STEP = "step"
    NOTE = "note"
    CLOCK = "clock"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an incident's timeline."""

    time: int  # µs UTC
    kind: Kind
    by: str  # person, `/alerts` or `/clock`
    what: str  # step, or state of the alert: `acknowledge`, `firing`, `resolved`; `assign`, `overdue`
    text: Text  # note or reason in the words of who wrote it; why, where an alert speaks


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Public form of one incident: answer of the API and payload of `incident.*` events."""

    id: str
    number: str  # for people: `TGI-2026-000123`
    revision: int  # 1, 2, 3 …: the greater one is newer
    state: State
    priority: Priority
    severity: Severity
    site: str
    device: str
    title: Text
    fingerprint: str  # of the alert that opened it
    alert: str  # newest alert that belongs to it
    alert_over: int | None  # µs UTC since when that alert is resolved; None while it stands
    opened: int  # µs UTC
    updated: int  # µs UTC
    acknowledged: int | None = None  # µs UTC
    acknowledged_by: str = ""
    resolved: int | None = None  # µs UTC
    resolved_by: str = ""
    reason: str = ""  # how it ended, in the words of who ended it
    closed: int | None = None  # µs UTC
    unit: str = ""  # id of the unit that has it in hand; empty: the whole city
    assignee: str = ""  # id of the person who is to act, or does
    assigned_to: str = ""  # his name
    due: int | None = None  # µs UTC by which someone must have it in hand; None once someone has
    escalated: int | None = None  # µs UTC at which it was overdue and those were told who answer for the desk


class Told(Incident, frozen=True, kw_only=True):
    """An incident with its timeline, oldest first, and the steps that it allows."""

    timeline: tuple[Entry, ...]
    steps: tuple[Step, ...]


def person(by: caller.Caller) -> str:
    """Id of the person who acts; empty where it is an app or the platform itself."""
    return by.id if by.kind == caller.Kind.PERSON else ""
