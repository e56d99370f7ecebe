"""What the client's tests share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from app.brokers.port import Broker, endpoint
from runtime import mqtt

LIMIT = 60.0  # seconds until something must have happened


async def until(condition: Callable[[], object], limit: float = LIMIT) -> None:
    """Return as soon as the condition holds."""
    async with asyncio.timeout(limit):
        while not condition():
            await asyncio.sleep(0.005)


def settings(broker: Broker, protocol: int = 5, **more: object) -> mqtt.Settings:
    """How to reach a broker, with short waits."""
    place = endpoint(broker, protocol)
    return mqtt.Settings(
        host=place.host,
        port=place.port,
        protocol=protocol,
        **{"longest_pause": 0.1, **more},  # type: ignore[arg-type]
    )


class Inbox:
    """Handler that keeps what came, and acknowledges it if told so."""

    def __init__(self, *, ack: bool = True) -> None:
        self.ack = ack
        self.messages: list[mqtt.Message] = []

    def __call__(self, message: mqtt.Message) -> None:
        self.messages.append(message)
        if self.ack:
            message.ack()

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.messages]
