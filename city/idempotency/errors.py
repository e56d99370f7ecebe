"""Errors of idempotency keys; over HTTP: 422 for Mismatch, 409 for the others."""

from __future__ import annotations

import city.errors


class Failure(city.errors.Failure):
    """Root of this package's errors."""

    def __init__(self, reason: str, *, after: float | None = None) -> None:
        self.field = "Idempotency-Key"
        self.value = ""  # a key lets whoever has it read the answer: it is not told
        self.reason = reason
        self.after = after  # seconds until another try makes sense
        super().__init__(f"Idempotency-Key: {reason}")


class InProgress(Failure):
    """The first request with this key is still being worked on: ask again a little later."""

    def __init__(self, *, after: float) -> None:
        super().__init__("the first request with this key is still being worked on", after=after)


class Mismatch(Failure):
    """This key was used for another request: each request needs a key of its own."""

    def __init__(self) -> None:
        super().__init__("it was used for another request; take a new one for this")


class Lost(Failure):
    """Another took the work over, since ours lasted too long: ours is undone, theirs counts."""

    def __init__(self) -> None:
        super().__init__("it lasted so long that another request with this key took over", after=1.0)


class Unkept(Failure):
    """It was done, but its answer was too large to keep: look up what was made."""

    def __init__(self) -> None:
        super().__init__("it was done, but its answer was too large to keep; look up what was made")
