"""Errors of the city's database and outbox."""

from __future__ import annotations

from contracts.errors import shown


class Failure(Exception):
    """Root of this package's errors."""


class Unavailable(Failure):
    """The database did not answer, or not in time; nothing was changed. Try again later."""

    def __init__(self, reason: str, *, after: float = 1.0) -> None:
        self.reason = reason
        self.after = after  # seconds
        super().__init__(f"the city's database is not available: {reason}; try again")


class WrongAddress(Failure):
    """The database's address cannot be used: change the setting."""

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(f"cannot use the database address {url}: {reason}")


class Unfit(Failure):
    """The tables are not those that this program needs. `cure` says what to do."""

    def __init__(self, history: str, what: str, cure: str) -> None:
        self.history = history
        self.what = what
        self.cure = cure
        super().__init__(f"tables of {history}: {what}; {cure}")


class Older(Unfit):
    """The tables are older than the program, or not there yet."""


class Newer(Unfit):
    """A newer program has changed the tables."""


class Half(Unfit):
    """The tables are not what their recorded version says."""


class Unknown(Failure, LookupError):
    """There is no such thing: look it up in the list."""

    def __init__(self, field: str, value: object) -> None:
        self.field = field
        self.value = shown(value)
        self.reason = "there is none"
        super().__init__(f"there is no {field} {self.value}")


class LeaseLost(Failure):
    """Another process holds the lease now; what was under way is undone."""

    def __init__(self, name: str, holder: str) -> None:
        self.name = name
        self.holder = holder
        super().__init__(f"the lease {name} is held by {holder or 'nobody'}")


class Later(Failure):
    """Raised by a deliverer where the world outside is away: tried again for ever, never parked."""

    def __init__(self, reason: str, *, after: float | None = None) -> None:
        self.reason = reason
        self.after = after  # seconds; the usual back-off where None
        super().__init__(reason)


class Outdated(Failure):
    """Somebody has changed the record since it was read: read it again, then decide again."""

    def __init__(self, kind: str, key: str, *, seen: int, now: int) -> None:
        self.field = kind
        self.value = key
        self.seen = seen
        self.now = now
        self.reason = f"it is in revision {now} by now, and revision {seen} was seen"
        super().__init__(f"{kind} {key} has changed: {self.reason}")
