"""What is wanted of the broker where a roster says which devices there are, and mappings what some write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from contracts.roster import Reader
from devices.broker.port import Account, Wanted


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


class Mapped:
    """port.Wanted of another, with the topics of third parties that a device may write besides."""

    def __init__(self, wanted: Wanted, written_by: Callable[[str], Iterable[str]]) -> None:
        self._wanted = wanted
        self._written_by = written_by

    def accounts(self) -> Iterator[Account]:
        """All of them."""
        return map(self._with, self._wanted.accounts())

    def account(self, device: str) -> Account | None:
        """One of them."""
        found = self._wanted.account(device)
        return found and self._with(found)

    def _with(self, account: Account) -> Account:
        return msgspec.structs.replace(account, mapped=tuple(self._written_by(account.device.device)))
