"""What can be wrong with what someone asks of commands."""

from __future__ import annotations

from typing import Final

from contracts.errors import shown
from devices.errors import Failure


class Unknown(Failure, LookupError):
    """There is no such command or bulk."""

    cure = "take its id from the list of commands"

    def __init__(self, field: str, value: str) -> None:
        self.field = field
        self.value = shown(value)
        self.reason = f"there is no such {field}"
        super().__init__(f"there is no {field} {self.value}")


class Left(Failure):
    """The command has left, or is over: it cannot be taken back."""

    cure = "wait for its end; what it did is undone by another command"

    def __init__(self, key: str, state: str) -> None:
        self.field = "state"
        self.value = state
        self.reason = "only a command that is queued can be taken back"
        super().__init__(f"command {key} is {state}: {self.reason}")


KNOWN: Final[dict[type[Exception], int]] = {Unknown: 404, Left: 409}
