"""A message as it came."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Ask(NamedTuple):
    """What a request says of its answer, and an answer of its request (MQTT 5, 4.10)."""

    response: str = ""  # topic on which the answer is wanted
    correlation: bytes = b""  # by which it is known


_NOTHING = Ask()


class Message:
    """One received message; at QoS 1 it comes again on a later connection until it is acknowledged."""

    __slots__ = (
        "_done",
        "acked",
        "ask",
        "content_type",
        "dup",
        "mid",
        "payload",
        "properties",
        "qos",
        "retain",
        "topic",
    )

    def __init__(
        self,
        topic: str,
        payload: bytes,
        *,
        properties: dict[str, str] | None = None,
        content_type: str = "",
        retain: bool = False,
        qos: int = 1,
        dup: bool = False,
        mid: int = 0,
    ) -> None:
        self.topic = topic
        self.payload = payload
        self.properties = properties or {}  # MQTT 5 user properties; of equal keys the last
        self.content_type = content_type
        self.ask = _NOTHING
        self.retain = retain
        self.qos = qos
        self.dup = dup
        self.mid = mid  # packet identifier within its connection
        self.acked = False
        self._done: Callable[[], None] | None = None

    def on_ack(self, done: Callable[[], None]) -> None:
        """Called once when the message is acknowledged."""
        self._done = done

    def ack(self) -> None:
        """Say that the message is dealt with; no effect when its connection is gone, or the second time."""
        if not self.acked:
            self.acked = True
            if self._done:
                self._done()
