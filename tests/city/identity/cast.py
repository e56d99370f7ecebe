"""Who plays in the tests of identities."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pyotp

import city.audit.history
import city.history
import city.identity.history
import city.privacy.history
from city.db import Database
from city.identity.caller import Caller
from city.identity.came import Came
from city.identity.factors import FactorKind
from city.identity.roles import OPERATOR, Role
from city.identity.sessions import Opened
from city.identity.settings import Passwords
from city.identity.wiring import Identity
from city.privacy import KeyFile, Vault
from city.privacy.keks import prepare
from contracts.judgements import Text
from runtime.clock import Clock, Fake

HISTORIES = (
    city.history.HISTORY,
    city.audit.history.HISTORY,
    city.privacy.history.HISTORY,
    city.identity.history.HISTORY,
)
PASSWORD = "kereta api 7 pagi"
CHEAP = Passwords(memory=8, passes=1, lanes=1, at_once=8, wait=30)
HOME = Came(address="203.0.113.7", agent="Firefox")
TITLE = Text(id="Petugas", en="Officer")
ROLES = (
    Role(name="officer", programme="tangi", permissions=("tangi.incidents.work",), title=TITLE),
    Role(name="reader", programme="tangi", permissions=("tangi.incidents.read",), title=TITLE, staff=False),
    Role(name="citizen", programme="wadul", permissions=("wadul.reports.follow",), title=TITLE, staff=False),
    OPERATOR,
)
Make = Callable[..., "Somebody"]
T = TypeVar("T")


class Sent:
    """A gateway that keeps what it was given."""

    def __init__(self) -> None:
        self.codes: list[tuple[str, str]] = []

    def send(self, *, kind: str, address: str, code: str, language: str) -> None:
        self.codes.append((address, code))


def safe(db: Database, folder: Path, clock: Clock) -> Vault:
    """The vault of a database, its keys in a file of this folder."""
    keys = KeyFile(folder / "keys" / "vault.json", clock=clock)
    prepare(db, keys, clock)
    return Vault(db, keys, clock=clock)


class Somebody:
    """A person with password and authenticator app."""

    def __init__(self, identity: Identity, clock: Fake, login: str, id_: str) -> None:
        self._identity = identity
        self._clock = clock
        self.login = login
        self.id = id_
        self.secret = ""
        self.token = ""

    @property
    def caller(self) -> Caller:
        """What he may now, by his newest session."""
        found = self._identity.doors.caller(self.token)
        assert found is not None
        return found

    def code(self) -> str:
        """The next code, some time later: each is taken once."""
        self._clock.advance(30)
        return pyotp.TOTP(self.secret).at(self._clock.now() // 1_000_000)

    def enrol(self, token: str) -> Opened:
        """From a one-time link to a strong session."""
        opened = self._identity.signin.link(token, HOME)
        by = self._identity.doors.caller(opened.token)
        assert by is not None
        self._identity.credentials.set_password(by, PASSWORD)
        enrolment = self._identity.authenticators.begin(by, label="phone")
        self.secret = enrolment.secret
        strong = self._identity.authenticators.confirm(by, enrolment.id, self.code())
        assert strong is not None
        self.token = strong.token
        return strong

    def sign_in(self, came: Came = HOME) -> Opened:
        """By password and code."""
        first = self._identity.signin.password(self.login, PASSWORD, came)
        strong = self._identity.signin.second(first.token, FactorKind.TOTP, self.code(), came)
        self.token = strong.token
        return strong


def at_once(call: Callable[[int], T], count: int = 64) -> tuple[list[T], list[Exception]]:
    """Results and errors of this many calls that begin together."""
    start = threading.Barrier(count)

    def go(number: int) -> T:
        start.wait()
        return call(number)

    results: list[T] = []
    errors: list[Exception] = []
    with ThreadPoolExecutor(count) as pool:
        for future in [pool.submit(go, number) for number in range(count)]:
            try:
                results.append(future.result(timeout=60))
            except Exception as error:  # noqa: BLE001 - the test looks at them
                errors.append(error)
    return results, errors
