"""What can be wrong with what someone asks of rollouts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from contracts.errors import shown
from devices.errors import Failure


class Unknown(Failure, LookupError):
    """There is no such rollout."""

    cure = "take its id from the list of rollouts"

    def __init__(self, key: str) -> None:
        self.field = "rollout"
        self.value = shown(key)
        self.reason = "there is no such rollout"
        super().__init__(f"there is no rollout {self.value}")


class NotNow(Failure):
    """The rollout's state does not allow this step; `allowed` names those that it does."""

    cure = "look at its state first"

    def __init__(self, key: str, state: str, step: str, allowed: Sequence[str]) -> None:
        self.field = "state"
        self.value = state
        self.allowed = tuple(allowed)
        self.reason = f"{step} is not possible; possible: {', '.join(allowed) or 'nothing, it is over'}"
        super().__init__(f"rollout {key} is {state}: {self.reason}")


class Busy(Failure):
    """A device is part of another rollout, which is not over."""

    cure = "wait for the other rollout, or abort it"

    def __init__(self, device: str, rollout: str) -> None:
        self.field = "device"
        self.value = device
        self.rollout = rollout
        self.reason = f"it is part of rollout {rollout}, which is not over"
        super().__init__(f"{device} is part of rollout {rollout}, which is not over")


KNOWN: Final[dict[type[Exception], int]] = {Unknown: 404, NotNow: 409, Busy: 409}
