"""What a rollout does next: pure, from its devices, how they fare, and the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from contracts import shadow
from contracts.instants import SECOND
from contracts.presence import State as Presence
from contracts.settables import Value
from devices.rollouts.gate import Health
from devices.rollouts.model import CHANGED, STAGES, Item, Part, Rollout, State
from devices.shadow.model import Shadow

BATCH: Final = 50  # devices changed in one transaction, so that no other writer waits long
_GONE: Final = 60 * SECOND  # so long a device may be offline or late: restarts and short cuts


class Apply(msgspec.Struct, frozen=True):
    """Give these devices the change."""

    items: tuple[Item, ...]


class Judge(msgspec.Struct, frozen=True):
    """These devices stand elsewhere now."""

    items: tuple[Item, ...]


class Advance(msgspec.Struct, frozen=True):
    """Go on to the next stage."""


class Finish(msgspec.Struct, frozen=True):
    """All have it."""

    reason: str


class Stop(msgspec.Struct, frozen=True):
    """Take the change back."""

    reason: str


class Restore(msgspec.Struct, frozen=True):
    """Give these devices back what they had."""

    items: tuple[Item, ...]


class End(msgspec.Struct, frozen=True):
    """All have been given back."""


class Wait(msgspec.Struct, frozen=True):
    """Nothing to do now, and for what it waits."""

    reason: str


Move = Apply | Judge | Advance | Finish | Stop | Restore | End | Wait


def decide(
    rollout: Rollout,
    items: Sequence[Item],
    *,
    health: Mapping[str, Health],
    shadows: Mapping[str, Shadow],
    now: int,
) -> Move:
    """The next move of a rollout that is not over. `items`: all of them, in their order."""
    if rollout.state == State.ROLLING_BACK:
        left = [item for item in items if item.state in CHANGED]
        return Restore(tuple(left[:BATCH])) if left else End()
    if rollout.state != State.RUNNING:
        return Wait("it is paused")
    judged = [
        new
        for item in items
        if item.state in {Part.SET, Part.MATCHED}
        and (new := _judged(rollout, item, health.get(item.device), shadows.get(item.device), now)) != item
    ]
    if judged:
        return Judge(tuple(judged))
    if reason := _too_many(rollout, items):
        return Stop(reason)
    missing = rollout.upto(rollout.stage) - sum(item.stage is not None for item in items)
    if missing > 0:
        return Apply(_picked(rollout, items, health, min(missing, BATCH), now))
    return _through(rollout, items, health, now)


def _judged(rollout: Rollout, item: Item, fares: Health | None, held: Shadow | None, now: int) -> Item:
    """The device as it stands by now."""
    replace = msgspec.structs.replace
    if held is None or _changed_since(rollout, item, held):
        return replace(item, state=Part.KEPT, reason="somebody has changed it since")
    worked_on = fares is not None and fares.maintained
    if fares is not None and not worked_on:
        if reason := _ill(item, fares, now):
            return replace(item, state=Part.FAILED, reason=reason)
        if item.awake is None and fares.there:
            return replace(item, awake=now)
        if item.awake is not None and fares.state is Presence.OFFLINE and not item.was_there:
            return replace(item, awake=None)  # it sleeps again
    known = held.reported
    if known is not None and known.version >= item.version:
        if refused := [key for key in rollout.patch if key in known.refused]:
            reason = f"{refused[0]}: {known.refused[refused[0]]}"[:300]
            return replace(item, state=Part.FAILED, reason=reason)
        if _is_so(rollout, held):
            return (
                item
                if item.state == Part.MATCHED
                else replace(item, state=Part.MATCHED, reason="", matched=now)
            )
    if (
        item.awake is not None
        and not worked_on
        and item.state == Part.SET
        and now - item.awake > rollout.plan.patience * SECOND
    ):
        reason = f"it was online, and did not become so within {rollout.plan.patience} s"
        return replace(item, state=Part.FAILED, reason=reason)
    return item


def _ill(item: Item, fares: Health, now: int) -> str:
    """What counts against the change; empty: nothing. Who was away when it was made may be away again."""
    if fares.alert:
        return f"it raised an alert: {fares.alert}"[:300]
    if item.set is None or not item.was_there:
        return ""
    if fares.flapping > item.set:
        return "it comes and goes since the change"
    if fares.since < item.set or now - fares.since <= _GONE:
        return ""
    if fares.state is Presence.OFFLINE:
        return "it went offline after the change"
    return "no data came from it after the change" if fares.state is Presence.LATE else ""


def _changed_since(rollout: Rollout, item: Item, held: Shadow) -> bool:
    if held.version == item.version:
        return False
    return not all(_equal(held.values.get(key), value) for key, value in rollout.patch.items())


def _is_so(rollout: Rollout, held: Shadow) -> bool:
    """Whether the device reports what was changed; a key that was taken away is its own affair."""
    told = held.reported.values if held.reported else {}
    return all(value is None or _equal(told.get(key), value) for key, value in rollout.patch.items())


def _equal(one: Value | None, other: Value | None) -> bool:
    if one is None or other is None:
        return one is other
    return shadow.same(one, other)


def _too_many(rollout: Rollout, items: Sequence[Item]) -> str:
    """Why the change is taken back; empty where it is not."""
    for stage, name in enumerate(STAGES[: rollout.stage + 1]):
        mine = [item for item in items if item.stage == stage]
        failed = [item for item in mine if item.state == Part.FAILED]
        bearable = 0 if stage == 0 else rollout.plan.tolerance * len(mine) // 100
        if len(failed) > bearable:
            first = failed[0]
            return f"{len(failed)} of {len(mine)} failed in stage {name}; {first.device}: {first.reason}"[
                :300
            ]
    return ""


def _picked(
    rollout: Rollout, items: Sequence[Item], health: Mapping[str, Health], count: int, now: int
) -> tuple[Item, ...]:
    """Whose turn it is: those that are well before those that are not, for only they tell something."""

    def unwell(item: Item) -> bool:
        fares = health.get(item.device)
        return fares is None or not fares.well

    waiting = sorted(
        (item for item in items if item.stage is None), key=lambda item: (unwell(item), item.place)
    )
    replace = msgspec.structs.replace
    return tuple(
        replace(item, stage=rollout.stage, awake=None if unwell(item) else now) for item in waiting[:count]
    )


def _through(rollout: Rollout, items: Sequence[Item], health: Mapping[str, Health], now: int) -> Move:
    """Whether the stage may end. Nobody waits for devices that sleep, or that somebody works on."""

    def awake(item: Item) -> bool:
        fares = health.get(item.device)
        return item.awake is not None and not (fares and fares.maintained)

    mine = [item for item in items if item.stage == rollout.stage]
    pending = [item for item in mine if item.state == Part.SET and awake(item)]
    asleep = [item for item in mine if item.state == Part.SET and not awake(item)]
    matched = [item for item in mine if item.state == Part.MATCHED]
    if pending:
        return Wait(f"{len(pending)} devices have not become so yet")
    if rollout.stage == 0 and asleep and not matched:
        oldest = min(item.set or now for item in asleep)
        if now - oldest > rollout.plan.patience * SECOND:
            return Stop(f"no device of the first stage came online within {rollout.plan.patience} s")
        return Wait("the devices of the first stage are asleep")
    newest = max((item.matched or 0 for item in matched), default=0)
    if matched and now - newest < rollout.plan.soak * SECOND:
        return Wait(f"the stage is watched for {rollout.plan.soak} s")
    if rollout.stage + 1 < len(STAGES):
        return Advance()
    left = sum(item.state == Part.SET for item in items)
    return Finish(f"{left} devices are asleep, and will be so when they come back" if left else "")
