"""The gate as the rest of the platform sees it: who is let in to the broker, and who no longer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from contracts.topics import Device


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """Credentials: a certificate of the platform's CA, whose common name is the device's id."""


class Password(msgspec.Struct, frozen=True, kw_only=True):
    """Credentials: a password, for what cannot bear a certificate."""

    secret: str


Credentials = Certificate | Password


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One device as the broker should know it."""

    device: Device
    enabled: bool = True
    password: str | None = None  # "": it has none; None: not known here, what the broker has stays
    mapped: tuple[str, ...] = ()  # a third party's topics outside our grammar, which it may write


class Wanted(Protocol):
    """What the broker should know: the registry's word. Calls may block."""

    def accounts(self) -> Iterable[Account]:
        """Every device that has credentials, disabled ones as well."""
        ...

    def account(self, device: str) -> Account | None:
        """One of them, or None where the device is to be unknown."""
        ...


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What a reconciliation changed."""

    created: int = 0  # accounts
    changed: int = 0  # accounts: roles, client id, password, enabled or not
    removed: int = 0  # accounts
    roles: int = 0  # made, changed and removed
    other: int = 0  # defaults and groups
    kept: int = 0  # accounts that were as wanted
    missing: tuple[str, ...] = ()  # accounts of our processes that the broker lacks: their password is needed

    @property
    def changes(self) -> int:
        """How much there was to do."""
        return self.created + self.changed + self.removed + self.roles + self.other


class Gate(Protocol):
    """Lets devices in and shuts them out. Every call may be repeated. They raise errors.Failure."""

    @property
    def lacks(self) -> tuple[str, ...]:
        """What it does not enforce, for people."""
        ...

    async def admit(self, device: Device, credentials: Credentials, mapped: Iterable[str] = ()) -> None:
        """Let a device in with these credentials, in place of what it had."""
        ...

    async def disable(self, device: Device) -> None:
        """Cut its connection, and take away everything it may, however it comes again."""
        ...

    async def enable(self, device: Device, mapped: Iterable[str] = ()) -> None:
        """Give it back what it may."""
        ...

    async def remove(self, device: Device) -> None:
        """Forget it, and cut its connection."""
        ...

    async def follow(self, device: str) -> None:
        """Make one device as it is wanted now, after the registry said that it changed."""
        ...

    async def reconcile(self, *, force: bool = False) -> Done:
        """Make the broker equal to what is wanted; `force`: however much that takes away."""
        ...
