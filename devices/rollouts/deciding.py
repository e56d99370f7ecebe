"""What a rollout does next: pure, from its devices, how they fare, and the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from contracts import shadow
from contracts.instants import SECOND
from contracts.settables import Value
from devices.rollouts.gate import Health
from devices.rollouts.model import CHANGED, STAGES, Item, Part, Rollout, State
from devices.shadow.model import Shadow

BATCH: Final = 50  # devices changed in one transaction, so that no other writer waits long
_GONE: Final = 60 * SECOND  # so long a device may be offline before that counts: restarts and short cuts


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
        return Apply(_picked(rollout, items, health, min(missing, BATCH)))
    return _through(rollout, items, now)


def _judged(rollout: Rollout, item: Item, fares: Health | None, held: Shadow | None, now: int) -> Item:
    """The device as it stands by now."""
    replace = msgspec.structs.replace
    if held is None or _changed_since(rollout, item, held):
        return replace(item, state=Part.KEPT, reason="somebody has changed it since")
    if fares is not None and fares.alert:
        return replace(item, state=Part.FAILED, reason=f"it raised an alert: {fares.alert}"[:300])
    online = fares.online if fares else None
    if item.awake is None and online:
        return replace(item, awake=now)
    if item.awake is not None and online is False and fares and now - fares.since > _GONE:
        return replace(item, state=Part.FAILED, reason="it went offline after the change")
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
        and item.state == Part.SET
        and now - item.awake > rollout.plan.patience * SECOND
    ):
        reason = f"it was online, and did not become so within {rollout.plan.patience} s"
        return replace(item, state=Part.FAILED, reason=reason)
    return item


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
    rollout: Rollout, items: Sequence[Item], health: Mapping[str, Health], count: int
) -> tuple[Item, ...]:
    """Whose turn it is: those that are online before those that are not."""

    def asleep(item: Item) -> bool:
        fares = health.get(item.device)
        return fares is None or not fares.online

    waiting = sorted(
        (item for item in items if item.stage is None), key=lambda item: (asleep(item), item.place)
    )
    return tuple(msgspec.structs.replace(item, stage=rollout.stage) for item in waiting[:count])


def _through(rollout: Rollout, items: Sequence[Item], now: int) -> Move:
    """Whether the stage may end."""
    mine = [item for item in items if item.stage == rollout.stage]
    pending = [item for item in mine if item.state == Part.SET and item.awake is not None]
    asleep = [item for item in mine if item.state == Part.SET and item.awake is None]
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
