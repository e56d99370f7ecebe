"""A rollout, its devices, and the life that it leads."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from statemachine import State as Node
from statemachine import StateMachine
from statemachine.exceptions import TransitionNotAllowed

from contracts.settables import Value
from devices.rollouts.errors import NotNow


class State(StrEnum):
    """Where a rollout stands."""

    RUNNING = "running"
    PAUSED = "paused"
    ROLLING_BACK = "rolling-back"
    DONE = "done"
    ROLLED_BACK = "rolled-back"
    ABORTED = "aborted"  # by a person, who left the devices as they were by then


class Step(StrEnum):
    """What happens to it: the first four a person does, the others it does itself."""

    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"  # and take the change back
    LEAVE = "leave"  # abort, and leave as they are those that have it
    FAIL = "fail"
    FINISH = "finish"
    RESTORED = "restored"


PERSONS: Final = (Step.PAUSE, Step.RESUME, Step.ABORT, Step.LEAVE)
ACTIVE: Final = (State.RUNNING, State.PAUSED, State.ROLLING_BACK)


class Part(StrEnum):
    """Where one device of a rollout stands."""

    WAITING = "waiting"
    SET = "set"  # it is desired; the device has not become so yet
    MATCHED = "matched"
    FAILED = "failed"
    KEPT = "kept"  # somebody else has changed it since: theirs to decide
    RESTORED = "restored"


STAGES: Final = ("canary", "some", "all")
CHANGED: Final = (Part.SET, Part.MATCHED, Part.FAILED)  # what a roll-back takes back


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How carefully."""

    canary: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1  # devices of the first stage
    share: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10  # per cent, of the second
    soak: Annotated[int, msgspec.Meta(ge=0, le=7 * 86_400)] = 300  # seconds to watch a stage once it is so
    patience: Annotated[int, msgspec.Meta(ge=10, le=86_400)] = 600  # seconds for a device that is online
    tolerance: Annotated[int, msgspec.Meta(ge=0, le=50)] = 0  # per cent of failures; the canary has none


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """One staged change."""

    id: str
    title: str
    patch: dict[str, Value | None]  # key → what it is to be; null takes it away
    selector: dict[str, Any]
    plan: Plan
    state: State
    stage: int  # index in STAGES
    total: int  # devices
    by: str
    by_name: str
    why: str
    reason: str = ""  # why it is paused, stopped or over
    created: int  # µs UTC
    changed: int  # µs UTC
    revision: int = 1

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state not in ACTIVE

    def upto(self, stage: int) -> int:
        """How many devices have the change once a stage is through."""
        return upto(self.plan, self.total, stage)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One device of a rollout."""

    rollout: str
    device: str
    place: int  # order in which they have their turn
    stage: int | None = None  # in which it had the change; None: not yet
    state: Part = Part.WAITING
    reason: str = ""
    before: dict[str, Value | None] = {}  # what these keys were
    was: int = 0  # version that was desired before
    version: int = 0  # that of the change
    set: int | None = None  # µs UTC: the change was made
    awake: int | None = None  # µs UTC: first seen there since then; of who was online by then, not later
    matched: int | None = None  # µs UTC: it became so

    @property
    def was_there(self) -> bool:
        """Whether it was online when the change was made: only then its silence tells something."""
        return self.awake is not None and self.set is not None and self.awake <= self.set


class Told(Rollout, frozen=True, kw_only=True):
    """A rollout with how many devices stand where, and what a person may do."""

    counts: dict[str, int]
    steps: tuple[Step, ...]


class _Life(StateMachine):
    """The declared life."""

    running = Node(State.RUNNING, value=State.RUNNING, initial=True)
    paused = Node(State.PAUSED, value=State.PAUSED)
    rolling_back = Node(State.ROLLING_BACK, value=State.ROLLING_BACK)
    done = Node(State.DONE, value=State.DONE, final=True)
    rolled_back = Node(State.ROLLED_BACK, value=State.ROLLED_BACK, final=True)
    aborted = Node(State.ABORTED, value=State.ABORTED, final=True)

    pause = running.to(paused)
    resume = paused.to(running)
    abort = rolling_back.from_(running, paused)
    leave = aborted.from_(running, paused)
    fail = running.to(rolling_back)
    finish = running.to(done)
    restored = rolling_back.to(rolled_back)


def upto(plan: Plan, total: int, stage: int) -> int:
    """How many of so many devices have the change once a stage is through."""
    some = max(plan.canary, math.ceil(total * plan.share / 100))
    return min(total, (plan.canary, some, total)[stage])


def after(key: str, state: State, step: Step) -> State:
    """State in which a step ends. Raises NotNow."""
    life = _Life(start_value=state)
    try:
        life.send(step.value)
    except TransitionNotAllowed:
        raise NotNow(key, state, step, allowed(state)) from None
    return State(life.current_state_value)


def allowed(state: State) -> tuple[Step, ...]:
    """Steps that a person may take now."""
    names = {event.id for event in _Life(start_value=state).allowed_events}
    return tuple(step for step in PERSONS if step.value in names)
