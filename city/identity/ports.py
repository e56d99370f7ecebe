"""What identities need of others: something that sends."""

from __future__ import annotations

from typing import Protocol

from city.identity.errors import Unsent


class Sender(Protocol):
    """Brings a one-time code to a phone or a mailbox."""

    def send(self, *, kind: str, address: str, code: str, language: str) -> None:
        """Hand it over now; it may not lie anywhere in clear. Raises Unsent."""
        ...


class Nowhere:
    """Sends nothing: where no gateway is set up."""

    def send(self, *, kind: str, address: str, code: str, language: str) -> None:  # noqa: ARG002 - the port's
        """Raises Unsent."""
        raise Unsent(kind)
