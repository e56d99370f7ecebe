"""Errors of identities. Whoever signs in is never told which part was wrong."""

from __future__ import annotations

import city.errors
from contracts.errors import shown


class Failure(city.errors.Failure):
    """Root of this package's errors."""


class Clash(Failure):
    """Two packages describe one role differently: rename one."""

    cure = "rename one of the two"

    def __init__(self, role: str) -> None:
        self.role = role
        super().__init__(f"the role {role} is described in two ways: rename one")


class Unknown(Failure, LookupError):
    """There is no such person, unit, role, app, key or session."""

    cure = "take it from the list"

    def __init__(self, field: str, value: str) -> None:
        self.field = field
        self.value = shown(value)
        self.reason = f"there is no such {field}"
        super().__init__(f"there is no {field} {self.value}")


class Stale(Failure):
    """Somebody else changed it in between: read it again, and repeat what is still wanted."""

    cure = "read it again, and repeat what is still wanted"

    def __init__(self, field: str, revision: int, now: int) -> None:
        self.field = "revision"
        self.value = str(revision)
        self.now = now  # its revision
        self.reason = f"the {field} is at revision {now} by now: read it again"
        super().__init__(f"the {field} was changed in between, to revision {now}: read it again")


class Taken(Failure):
    """Somebody else has it: choose another."""

    cure = "choose another"

    def __init__(self, field: str, value: str) -> None:
        self.field = field
        self.value = shown(value)
        self.reason = "somebody else has it: choose another"
        super().__init__(f"the {field} {self.value} is taken: choose another")


class Forbidden(Failure):
    """The caller lacks a permission for this unit: ask somebody who has it."""

    cure = "ask somebody who may"

    def __init__(self, permission: str, unit: str = "") -> None:
        self.field = "permission"
        self.value = permission
        self.unit = unit
        self.reason = f"it is needed for {unit or 'the whole city'}"
        super().__init__(f"{permission} is needed for {unit or 'the whole city'}")


class NotNow(Failure):
    """The state of it does not allow this step."""

    cure = "look at its state first"

    def __init__(self, field: str, state: str, reason: str) -> None:
        self.field = field
        self.value = state
        self.reason = reason
        super().__init__(f"the {field} is {state}: {reason}")


class BadSignIn(Failure):
    """Something of it is wrong, or was used before; which part is not said."""

    cure = "try again, or ask for a new link or code"

    def __init__(self) -> None:
        self.field = "sign-in"
        self.value = ""
        self.reason = "something of it is wrong, or was used before"
        super().__init__("this sign-in is not right: try again, or ask for a new link or code")


class TooMany(Failure):
    """Too many attempts failed: wait for `after` seconds."""

    cure = "wait, then try again"

    def __init__(self, after: float) -> None:
        self.after = after
        self.field = "sign-in"
        self.value = ""
        self.reason = f"too many attempts failed: wait for {max(1, round(after))} s"
        super().__init__(self.reason)


class Busy(Failure):
    """Too many sign in at this moment: come back after `after` seconds."""

    cure = "try again in a moment"

    def __init__(self, after: float = 2.0) -> None:
        self.after = after
        super().__init__("too many sign in at this moment: try again")


class Again(Failure):
    """The second factor must be shown again before this step, or a new one-time link is needed."""

    cure = "show your second factor, then repeat the step"

    def __init__(self) -> None:
        self.field = "second factor"
        self.value = ""
        self.reason = "show it again before this step"
        super().__init__("show your second factor again before this step")


class OverQuota(Failure):
    """The key has used up what it may ask in this time: wait for `after` seconds."""

    cure = "wait, or ask for a larger quota"

    def __init__(self, window: str, most: int, after: float) -> None:
        self.after = after
        self.field = "requests"
        self.value = str(most)
        self.reason = f"at most {most} a {window} with this key: wait for {max(1, round(after))} s"
        super().__init__(self.reason)


class Unsent(Failure):
    """The code could not be sent: try again after `after` seconds, or another way."""

    cure = "try again in a moment, or another way"

    def __init__(self, kind: str, *, after: float = 30.0) -> None:
        self.after = after
        self.field = kind
        self.value = ""
        self.reason = "it cannot be reached at this moment"
        super().__init__(f"the code could not be sent by {kind}: try again in a moment, or another way")
