"""Settings of identities."""

from __future__ import annotations

from typing import Final

import msgspec

ADDRESS: Final = "http://localhost:8600"


class Passwords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Argon2id. After a change a password is hashed anew when its owner signs in."""

    memory: int = 65_536  # KiB for each sign-in under way
    passes: int = 3
    lanes: int = 2
    at_once: int = 2  # hashed at the same time; who comes beyond that waits
    wait: float = 5.0  # seconds, and is then told to come back
    shortest: int = 12  # characters


class Throttle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How repeated failures are slowed; times in seconds."""

    account: int = 5  # failures of one account before the first wait
    address: int = 50  # failures from one network, which many honest people may share
    first: float = 1.0  # wait, doubled by each failure
    most: float = 900.0
    forget: float = 3_600.0  # without a failure, after which the count begins anew
    rows: int = 100_000  # remembered at most; the oldest go first


class Sessions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long people stay signed in; times in seconds."""

    idle: float = 1_800.0  # staff and partners
    ends: float = 43_200.0
    citizen_idle: float = 604_800.0
    citizen_ends: float = 2_592_000.0
    pending: float = 900.0  # between the first factor and the second, and after a one-time link
    keep: float = 2_592_000.0  # what has ended, for its owner to look at


class Codes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One-time codes of citizens; times in seconds."""

    length: int = 6  # digits
    lasts: float = 600.0
    tries: int = 5
    contact: int = 5  # codes for one phone or mailbox before the first wait


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may come in, and how."""

    address: str = ADDRESS  # at which people reach the platform: links, passkeys
    name: str = "IMM Kota Cirebon"  # what authenticator apps and passkeys show
    link: float = 86_400.0  # seconds that a one-time link lasts
    token: float = 3_600.0  # seconds that an app's access token lasts
    key_days: int = 365  # that a key lasts unless its maker says less
    per_minute: int = 600  # requests by one key unless its maker says otherwise
    per_day: int = 100_000
    sweep: float = 300.0  # seconds between deletions of what is over
    passwords: Passwords = Passwords()
    throttle: Throttle = Throttle()
    sessions: Sessions = Sessions()
    codes: Codes = Codes()
