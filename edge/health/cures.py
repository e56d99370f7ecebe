"""What to do about what an agent meets most often; for the engineer who stands in front of it."""

from __future__ import annotations

import re
from typing import Final

_CURES: Final = (
    (r"before 2020", "connect it to a time server, or set the clock; what is recorded is sent then"),
    (r"but it was .* already", "set the clock; if it is right, remove clock.json from the agent's folder"),
    (r"clock was set to", "if it is right now, start the agent again; else set it"),
    (r"not yet valid|certificate has expired", "set the clock of this machine; if it is right, enrol again"),
    (r"self.signed|unable to get local issuer|unknown ca", "install the platform's CA: enrol again"),
    (r"^TLS", "see that host and port are those of the broker with TLS, and ca_file its authority"),
    (
        r"not authori[sz]ed|bad user ?name|banned",
        "see in the fleet whether the device is disabled; enrol again",
    ),
    (r"Connection refused|Connect call failed", "see that host and port are right, and that the broker runs"),
    (
        r"Name or service not known|name resolution|No address",
        "see that DNS answers and the host is spelt right",
    ),
    (r"unreachable|No route", "see the cable, the radio and the gateway of this machine"),
    (r"no answer|timed out", "see whether a firewall lets MQTT through to the broker"),
    (
        r"reserve is spent|takes no more|No space|database or disk is full",
        "free space on this machine's disk",
    ),
    (r"is damaged|I/O error|Input/output", "copy the spool away and change the disk or card"),
    (r"in the broker's place|another client", "two machines use this device's id: give one its own"),
)


def cure(reason: str) -> str:
    """What to try for a reason; empty where none is known."""
    return next((advice for pattern, advice in _CURES if re.search(pattern, reason, re.IGNORECASE)), "")
