"""What can be wrong with what someone asks of the rulebook."""

from __future__ import annotations

from typing import Final

from alerts.errors import Failure
from contracts.errors import shown


class Unknown(Failure, LookupError):
    """There is no such rule."""

    cure = "take its id from the list of rules"

    def __init__(self, rule: str) -> None:
        self.field = "rule"
        self.value = shown(rule)
        self.reason = "there is no such rule, neither in a file nor in the book"
        super().__init__(f"there is no rule {self.value}")


class Untried(Failure):
    """No report says what this content of the rule would have done."""

    cure = "try it with `imm rules test`, and hand the report in with `imm rules activate`"

    def __init__(self, rule: str, report: str, reason: str) -> None:
        self.field = "report"
        self.value = shown(report)
        self.reason = reason
        super().__init__(f"{rule} cannot be activated by report {self.value or 'none'}: {reason}")


class Idle(Failure):
    """The rule is on trial already."""

    cure = "look at its state first"

    def __init__(self, rule: str) -> None:
        self.field = "state"
        self.value = "trial"
        self.reason = "it is on trial already"
        super().__init__(f"{rule} is on trial already")


KNOWN: Final[dict[type[Exception], int]] = {Unknown: 404, Untried: 409, Idle: 409}
