"""What can go wrong with a message or a connection."""

from __future__ import annotations


class Failure(Exception):
    """Root of this package's errors."""


class Lost(Failure):
    """There is no connection, or it broke: whether the broker has the message is unknown. Send it again."""


class Denied(Failure):
    """The broker refused the message (MQTT 5 reason ≥ 0x80): sending it again unchanged will not help."""

    def __init__(self, topic: str, code: int, reason: str) -> None:
        self.topic = topic
        self.code = code
        self.reason = reason
        super().__init__(f"{topic}: {reason} (0x{code:02x})")
