"""What a gateway is to us."""

from __future__ import annotations

from typing import Protocol

from city.notifications.model import Channel, Message


class Provider(Protocol):
    """One gateway of one channel."""

    @property
    def name(self) -> str:
        """Under which operators know it."""
        ...

    @property
    def channel(self) -> Channel: ...

    @property
    def at_once(self) -> int:
        """Messages that it may be given at the same time."""
        ...

    @property
    def limit(self) -> float:
        """Seconds that one message may take."""
        ...

    @property
    def per_minute(self) -> int:
        """Messages that it may be given in a minute; 0: as many as it takes."""
        ...

    @property
    def addressed(self) -> bool:
        """Whether it needs an address; one that writes to a fixed room does not."""
        ...

    def send(self, message: Message, address: str) -> None:
        """Hand one message over; blocks. Raises Away, Undeliverable, whose words tell of nobody."""
        ...
