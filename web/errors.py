"""Errors of the web shell."""

from __future__ import annotations


class Failure(Exception):
    """Root of this package's errors."""


class NotBuilt(Failure):
    """The front end has not been built: run `make setup`, or `npm ci && npm run build` in web/frontend."""

    def __init__(self, missing: str) -> None:
        self.missing = missing
        super().__init__(
            f"{missing} is missing: run `make setup`, or `npm ci && npm run build` in web/frontend"
        )


class Clash(Failure):
    """Two contributions have the same name: rename one."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"two contributions are called {name}: rename one")
