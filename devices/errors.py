"""What can be wrong with the fleet's description, and with what someone asks of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import city.errors
from contracts.errors import shown


class Failure(city.errors.Failure):
    """Root of this package's errors."""


class BadRoster(Failure):
    """The roster file cannot be used. Not retryable: mend `path` where `reason` says."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"roster {path}: {reason}")


class Unknown(Failure, LookupError):
    """There is no such device: look it up in the list."""

    cure = "take its id from the list of devices"

    def __init__(self, device: str) -> None:
        self.field = "device"
        self.value = shown(device)
        self.reason = "there is no such device"
        super().__init__(f"there is no device {self.value}")


class Taken(Failure):
    """Another device has this id, which is unique in the city."""

    cure = "choose another id, or change the device that has it"

    def __init__(self, device: str) -> None:
        self.field = "device"
        self.value = device
        self.reason = "ids are unique in the city, and this one is taken"
        super().__init__(f"the id {device} is taken: ids are unique in the city")


class NotNow(Failure):
    """The device's state does not allow this step."""

    cure = "look at the device's state first"

    def __init__(self, device: str, state: str, reason: str) -> None:
        self.field = "state"
        self.value = state
        self.reason = reason
        super().__init__(f"{device} is {state}: {reason}")


class Forbidden(Failure):
    """The caller lacks a permission for the device's unit."""

    cure = "ask somebody who may, or an administrator for the role"

    def __init__(self, permission: str, unit: str) -> None:
        self.field = "permission"
        self.value = permission
        self.reason = f"it is needed for {unit or 'the whole city'}"
        super().__init__(f"{permission} is needed for {unit or 'the whole city'}")


class NoAuthority(Failure):
    """There is no authority that issues at this time."""

    cure = "make one with `imm device ca init`, or a new intermediate with `imm device ca rotate`"

    def __init__(self) -> None:
        self.what = "no certificate can be issued"
        self.reason = "there is no authority that issues now"
        super().__init__(f"{self.what}: {self.reason}")


class BadRoot(Failure):
    """The file with the root's key cannot be used."""

    def __init__(self, path: Path, reason: str, cure: str) -> None:
        self.path = path
        self.reason = reason
        self.what = "the root of the devices' certificates cannot be used"
        self.cure = cure
        super().__init__(f"{path}: {reason}")


class BadCode(Failure):
    """The code opens nothing; what of it is wrong is not said."""

    cure = "look at the code again, or ask for a new one"

    def __init__(self) -> None:
        self.field = "code"
        self.value = "(not shown)"
        self.reason = "it opens nothing"
        super().__init__("this code opens nothing")


class Over(Failure):
    """The code was right once: its time is up, it was withdrawn, or another code took its place."""

    cure = "ask for a new code"

    def __init__(self, reason: str) -> None:
        self.field = "code"
        self.value = "(not shown)"
        self.reason = reason
        super().__init__(f"this code opens nothing any more: {reason}")


class Used(Failure):
    """The code was used with another key: one of the two devices is not the one that it was for."""

    cure = "ask for a new code; if no other device of yours used this one, tell whoever gave it to you"

    def __init__(self) -> None:
        self.field = "code"
        self.value = "(not shown)"
        self.reason = "another device has used it"
        super().__init__("another device has used this code")


class TooMany(Failure):
    """Too many codes were wrong: wait for `after` seconds."""

    cure = "wait, then try again"

    def __init__(self, after: float) -> None:
        self.after = after
        super().__init__(f"too many codes were wrong: wait for {max(1, round(after))} s")


KNOWN: Final[dict[type[Exception], int]] = {
    Unknown: 404,
    Taken: 409,
    NotNow: 409,
    Forbidden: 403,
    NoAuthority: 409,
    BadCode: 403,
    Over: 410,
    Used: 409,
    TooMany: 429,
}
