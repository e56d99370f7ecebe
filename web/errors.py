"""Errors of the web shell."""

from __future__ import annotations

from typing import Final


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


class Undeclared(Failure):
    """A route does not say, exactly once, who may: access.public(), signed_in() or needs(permission)."""

    def __init__(self, path: str, found: str) -> None:
        self.path = path
        super().__init__(f"{path} must say once who may (found: {found}): give it one of web.access")


class Anonymous(Failure):
    """Nobody is signed in: sign in, or send an API key."""

    headers: Final = {"WWW-Authenticate": "Bearer"}

    def __init__(self) -> None:
        super().__init__("sign in, or send an API key as `Authorization: Bearer`")


class BadKey(Failure):
    """The key or token opens nothing: it is mistyped, over, or revoked."""

    headers: Final = {"WWW-Authenticate": 'Bearer error="invalid_token"'}

    def __init__(self) -> None:
        self.cure = "Send a key that works as `Authorization: Bearer`, or take a new token."
        super().__init__("the key or token opens nothing: it is mistyped, over, or revoked")


class Lacks(Failure):
    """The caller does not hold a permission: an administrator can give him a role with it."""

    def __init__(self, permission: str, *, unit: str = "", weak: bool = False) -> None:
        self.field = "permission"
        self.value = permission
        self.unit = unit
        self.weak = weak  # showing the second factor may be enough
        cure = "show your second factor" if weak else "an administrator can give you a role with it"
        self.reason = f"you do not hold it{f' for the unit {unit}' if unit else ''}: {cure}"
        super().__init__(f"{permission}: {self.reason}")


class TooOften(Failure):
    """Somebody asks more often than he may: come back after `after` seconds."""

    def __init__(self, after: float) -> None:
        self.after = after
        super().__init__("you ask more often than you may")


class Unseen(Failure):
    """A change without `If-Match`: whoever changes a record must say which state of it he has seen."""

    def __init__(self) -> None:
        self.field = "If-Match"
        self.value = ""
        self.reason = "missing: send the `ETag` of the record as you read it, or * for whatever it is"
        super().__init__(f"If-Match is {self.reason}")


class Unkeyed(Failure):
    """A request that makes something came without `Idempotency-Key`: give it a name of your own."""

    def __init__(self) -> None:
        self.field = "Idempotency-Key"
        self.value = ""
        self.reason = "missing: a name of your own for this request, best a UUID"
        self.cure = "Send the same request with an `Idempotency-Key`; sent again, it is not done again."
        super().__init__(f"Idempotency-Key is {self.reason}")
