"""What is wanted of the broker where only a roster says which devices there are."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.roster import Reader
from devices.broker.port import Account


class OfRoster:
    """port.Wanted: every device of the roster is let in."""

    def __init__(self, roster: Reader) -> None:
        self._roster = roster

    def accounts(self) -> Iterator[Account]:
        """One for each entry."""
        return (Account(device=entry.address) for entry in self._roster.list())

    def account(self, device: str) -> Account | None:
        """Of one device; the platform's own producers are none."""
        known = {entry.device: entry for entry in self._roster.list()}
        return Account(device=known[device].address) if device in known else None
