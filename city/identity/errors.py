"""Errors of identities."""

from __future__ import annotations

from contracts.errors import shown


class Failure(Exception):
    """Root of this package's errors."""


class Clash(Failure):
    """Two packages describe one role differently: rename one."""

    def __init__(self, role: str) -> None:
        self.role = role
        super().__init__(f"the role {role} is described in two ways: rename one")


class Unknown(Failure, LookupError):
    """There is no such person, unit, role, app, key or session."""

    def __init__(self, field: str, value: str) -> None:
        self.field = field
        self.value = shown(value)
        self.reason = f"there is no such {field}"
        super().__init__(f"there is no {field} {self.value}")
