"""What an answer means: taken, this event refused, a fault there, or gone for good."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from city.webhooks.line import Answer

# Of these the address, its credentials or its load are the cause, and not the event.
_ELSEWHERE: Final = {401, 402, 403, 404, 405, 407, 408, 421, 423, 425, 451}
_BUSY: Final = {429, 503}


class Verdict(StrEnum):
    """What became of one attempt."""

    TAKEN = "taken"
    REFUSED = "refused"  # this event, by a receiver that is well
    FAULT = "fault"  # something is wrong there, whatever the event: no answer, 3xx, 5xx, 401, 404 …
    BUSY = "busy"  # later, please: no fault of the event, however often it is said
    GONE = "gone"  # 410: the receiver wants nothing any more


def judge(answer: Answer) -> Verdict:
    """Meaning of an answer."""
    status = answer.status
    if 200 <= status < 300:
        return Verdict.TAKEN
    if status == 410:
        return Verdict.GONE
    if status in _BUSY:
        return Verdict.BUSY
    if 400 <= status < 500 and status not in _ELSEWHERE:
        return Verdict.REFUSED
    return Verdict.FAULT


def reason(answer: Answer) -> str:
    """Why it was not taken, for people."""
    if 300 <= answer.status < 400:
        return f"{answer.status}: redirects are not followed; give the final address"
    return f"{answer.status}: {answer.text}" if answer.text else f"{answer.status}"
