"""What can be wrong with what someone asks of shadows."""

from __future__ import annotations

from typing import Final

from devices.errors import Failure


class NoVersion(Failure, LookupError):
    """There is no such version of what a device should be like."""

    cure = "take its number from the history"

    def __init__(self, device: str, version: int) -> None:
        self.field = "version"
        self.value = str(version)
        self.reason = f"{device} has none of this number"
        super().__init__(f"{device} has no version {version}")


KNOWN: Final[dict[type[Exception], int]] = {NoVersion: 404}
