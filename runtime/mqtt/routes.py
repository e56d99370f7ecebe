"""Which handler gets a message."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from runtime.mqtt.message import Message

Handler = Callable[[Message], None]  # runs in the loop's thread and must not block
_REMEMBERED: Final = 10_000  # topics whose handler is remembered; beyond, all are looked up again


class Routes:
    """Subscriptions in order; the first whose filter matches gets the message: none has two owners."""

    def __init__(self, otherwise: Handler | None = None) -> None:
        self._otherwise = otherwise or Message.ack  # such as a kept session's old subscription
        self._routes: dict[str, tuple[re.Pattern[str], Handler, int]] = {}
        self._known: dict[str, Handler] = {}

    @property
    def filters(self) -> list[tuple[str, int]]:
        """Filters with their QoS."""
        return [(name, qos) for name, (_, _, qos) in self._routes.items()]

    def add(self, topic_filter: str, handler: Handler, qos: int) -> None:
        """Add a subscription, or give it a new handler."""
        self._routes[topic_filter] = pattern(topic_filter), handler, qos
        self._known.clear()

    def __call__(self, message: Message) -> None:
        handler = self._known.get(message.topic)
        if handler is None:
            handler = self._find(message.topic)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[message.topic] = handler
        handler(message)

    def _find(self, topic: str) -> Handler:
        return next(
            (found for rule, found, _ in self._routes.values() if rule.fullmatch(topic)), self._otherwise
        )


def pattern(topic_filter: str) -> re.Pattern[str]:
    """What a filter matches (MQTT 5, 4.7); of a shared one the part behind its group (4.8.2)."""
    if topic_filter.startswith("$share/"):
        topic_filter = topic_filter.split("/", 2)[2]
    levels = topic_filter.split("/")
    hidden = "" if levels[0].startswith("$") else r"(?!\$)"  # a leading wildcard matches no $SYS
    tail = levels.pop() == "#" if levels[-1] == "#" else False
    body = "/".join("[^/]*" if level == "+" else re.escape(level) for level in levels)
    if tail:
        body = rf"{body}(?:/.*)?" if levels else ".*"
    return re.compile(hidden + body, re.DOTALL)
