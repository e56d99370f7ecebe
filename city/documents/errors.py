"""Errors of documents."""

from __future__ import annotations

import city.errors
from contracts.errors import shown


class Failure(city.errors.Failure):
    """Root of this package's errors."""


class NotInstalled(Failure):
    """The system's libraries that set pages are not here. `cure` says how to install them."""

    def __init__(self, reason: str, cure: str) -> None:
        self.reason = reason
        self.cure = cure
        super().__init__(f"pages cannot be set on this machine: {reason}; {cure}")


class Unmade(Failure):
    """A template cannot be made a document: mend the template or what is put into it."""

    def __init__(self, template: str, reason: str) -> None:
        self.template = template
        self.reason = reason
        super().__init__(f"{template} cannot be made a document: {reason}")


class NoSigner(Failure):
    """There is no key to sign with, or it cannot be used. `cure` says what to do."""

    def __init__(self, reason: str, cure: str) -> None:
        self.reason = reason
        self.cure = cure
        super().__init__(f"documents cannot be signed: {reason}; {cure}")


class Unsigned(Failure):
    """Signing failed outside: the time stamp's service, mostly. Nothing was issued. Try again later."""

    def __init__(self, reason: str, *, after: float = 30.0) -> None:
        self.reason = reason
        self.after = after  # seconds
        super().__init__(f"the document could not be signed: {reason}; try again")


class Unknown(Failure, LookupError):
    """No document of ours has this code."""

    def __init__(self, code: str) -> None:
        self.field = "code"
        self.value = shown(code)
        self.reason = "no document has this code"
        self.cure = "compare it with what stands beside the QR code"
        super().__init__(f"no document has the code {self.value}")


class Taken(Failure):
    """This office has given this number to another document already: allot the next one."""

    def __init__(self, unit: str, number: str) -> None:
        self.field = "number"
        self.value = shown(number)
        self.reason = f"{unit} has given this number already"
        super().__init__(f"{self.value}: {self.reason}")


class NotNow(Failure):
    """The document's state does not allow this step."""

    def __init__(self, code: str, state: str, step: str) -> None:
        self.field = "state"
        self.value = state
        self.reason = f"{step} is not possible any more, or not yet"
        super().__init__(f"document {code} is {state}: {self.reason}")
