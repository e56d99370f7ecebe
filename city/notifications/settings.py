"""Settings of notices."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec


class Provider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One gateway. Those of a channel are tried in the order in which they stand."""

    name: str
    channel: Literal["email", "sms", "whatsapp", "telegram", "webhook"]
    url_file: (
        Path  # its first line is the gateway's address in apprise's form, with its secrets and `{address}`
    )
    at_once: int = 4  # messages under way
    limit: float = 15.0  # seconds that one may take
    per_minute: int = 0  # messages that it may be given; 0: as many as it takes


class Push(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Web push. Off without a key."""

    key_file: Path | None = None  # VAPID: a private key on P-256, in PEM
    contact: str = ""  # whom a push service may write to: mailto:… or https://…
    hosts: tuple[str, ...] = (
        "*.googleapis.com",
        "*.push.services.mozilla.com",
        "*.notify.windows.com",
        "*.push.apple.com",
    )  # push services that browsers may name; others are refused
    at_once: int = 8  # messages under way
    limit: float = 10.0  # seconds that one may take
    keep: int = 86_400  # seconds for which a push service keeps what a browser that is off has not got


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How people are told; times in seconds."""

    providers: tuple[Provider, ...] = ()
    push: Push = Push()
    quiet: str = "21:00-06:00"  # local hours in which only what is urgent is sent; empty: none
    poll: float = 2.0  # between looks that no bell asked for
    attempts: int = 20  # after which a message is a dead letter: some three hours
    first_delay: float = 5.0  # after a first failure; doubled each time, give or take a quarter
    most_delay: float = 900.0
    trips: int = 3  # failures in a row after which a gateway is left alone
    rest: float = 30.0  # for which it is, while others of its channel take over
    keep_days: int = 90  # notices and what became of them
    sweep: float = 3_600.0  # between deletions of what is too old
