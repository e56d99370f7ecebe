"""Shared by the vault's tests: an open vault, and what a person is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import city.audit.history
import city.history
import city.privacy.history
from city.db import Database, upgrade
from city.privacy import KeyFile, Vault
from city.privacy.keks import prepare
from runtime.clock import Clock

HISTORIES = (city.history.HISTORY, city.audit.history.HISTORY, city.privacy.history.HISTORY)
KIND = "identity.person"
NAME, PHONE, NIK, MAIL = "Siti Aminah", "+6281234567890", "3274014107900002", "siti@contoh.id"
FIELDS = {"name": NAME, "phone": PHONE, "nik": NIK, "email": MAIL}
INDEX = {"phone": PHONE, "nik": NIK, "email": MAIL}


@contextmanager
def opened(url: str, keys: Path, clock: Clock) -> Iterator[tuple[Database, Vault]]:
    """A database with all tables, and the vault on it."""
    db = Database(url)
    upgrade(db, HISTORIES)
    file = KeyFile(keys, clock=clock)
    prepare(db, file, clock)
    try:
        yield db, Vault(db, file, clock=clock)
    finally:
        db.close()


def put(db: Database, vault: Vault, record: str, *, kind: str = KIND, **changes: object) -> None:
    with db.begin() as tx:
        vault.seal(
            tx, kind=kind, record=record, subject=f"of-{record}", fields={**FIELDS, **changes}, index=INDEX
        )


def got(db: Database, vault: Vault, record: str, *, kind: str = KIND) -> dict[str, object]:
    with db.read() as tx:
        return vault.open(tx, kind, record)
