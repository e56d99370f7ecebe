"""What can go wrong with the broker's accounts."""

from __future__ import annotations

from contracts.errors import shown
from devices import errors


class Failure(errors.Failure):
    """Root of this package's errors."""

    cure = "look into the broker's log, then try again"


class Silent(Failure):
    """The broker did not answer in time, or there was no connection: unknown what it did. Ask again."""

    cure = "see that the broker runs with its dynamic-security plugin; asking again is safe"


class Denied(Failure):
    """This account may not manage accounts."""

    cure = "connect as the desk's account, `imm.desk`, which alone manages the others"


class Refused(Failure):
    """The broker refused a command; those before it in the batch were done, those after it as well."""

    def __init__(self, command: str, subject: str, reason: str) -> None:
        self.command = command
        self.subject = shown(subject)
        self.reason = reason  # in the broker's words
        super().__init__(f"{command} {self.subject}: {reason}")


class TooMany(Failure):
    """A reconciliation would take away so much that the wanted state is more likely wrong than the broker."""

    cure = "see that the registry is the right one and complete; then `imm fleet reconcile --force`"

    def __init__(self, removed: int, known: int) -> None:
        self.removed = removed
        self.known = known
        super().__init__(f"{removed} of {known} accounts would be removed: nothing was changed")
