"""Errors of webhooks."""

from __future__ import annotations

import city.errors


class Failure(city.errors.Failure):
    """Root of this package's errors."""


class Unknown(Failure, LookupError):
    """There is no such subscription: look it up in the list."""

    def __init__(self, webhook: str) -> None:
        self.field = "webhook"
        self.value = webhook
        self.reason = "there is none"
        super().__init__(f"there is no webhook {webhook}")


class TooMany(Failure):
    """There are as many subscriptions as are served: remove one that nobody needs."""

    def __init__(self, most: int, whose: str) -> None:
        self.field = "webhook"
        self.value = most
        self.reason = f"there are {most} {whose} already; remove one first"
        super().__init__(self.reason)


class Away(Failure):
    """The receiver did not answer, or may not be asked: tried again later."""


class Forbidden(Away):
    """The receiver's address lies where webhooks do not go: a private network that no setting allows."""

    def __init__(self, host: str, address: str) -> None:
        self.host = host
        self.address = address
        super().__init__(f"{host} is at {address}, where webhooks do not go (setting webhooks.allow)")
