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


KNOWN: Final[dict[type[Exception], int]] = {Unknown: 404}
