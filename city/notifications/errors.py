"""Errors of notices."""

from __future__ import annotations

from pathlib import Path


class Failure(Exception):
    """Root of this package's errors."""


class Unknown(Failure, LookupError):
    """There is no such notice, template or subscription: look it up in the list."""

    def __init__(self, field: str, value: str) -> None:
        self.field = field
        self.value = value
        self.reason = "there is none"
        super().__init__(f"there is no {field} {value}")


class Locked(Failure):
    """What a topic tells cannot be switched off: it keeps an account safe, or a life."""

    def __init__(self, topic: str) -> None:
        self.field = "topic"
        self.value = topic
        self.reason = "cannot be switched off"
        super().__init__(f"{topic} cannot be switched off")


class BadTemplate(Failure, ValueError):
    """A template that cannot be used: correct the file."""

    def __init__(self, file: Path, template: str, reason: str) -> None:
        self.file = file
        self.template = template
        self.reason = reason
        super().__init__(f"{file}, {template}: {reason}")


class NoVault(Failure):
    """What tells of a person was to be kept, and nothing here encrypts it: give the process its keys."""

    def __init__(self) -> None:
        super().__init__("what tells of a person is kept encrypted only: configure the keys of city.privacy")


class Unsent(Failure):
    """A message that must go now did not: no gateway took it. Try again, or another channel."""

    def __init__(self, channel: str, reason: str) -> None:
        self.channel = channel
        self.reason = reason
        super().__init__(f"not sent by {channel}: {reason}")


class Away(Failure):
    """A gateway did not take a message; it, or another, may later."""

    def __init__(self, reason: str, *, after: float | None = None, fault: bool = True) -> None:
        self.reason = reason
        self.after = after  # seconds, where the gateway said so
        self.fault = fault  # whether it is the gateway's, and not this message's
        super().__init__(reason)


class Undeliverable(Failure):
    """No gateway will ever take it: the address is none, or nobody is there any more."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Gone(Undeliverable):
    """The browser that asked for pushes is no more: forget its subscription."""
