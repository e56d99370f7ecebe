"""Shared by the vault's tests: a person, put and got."""

import city.audit.history
import city.history
import city.privacy.history
from city.db import Database
from city.privacy import Vault

HISTORIES = (city.history.HISTORY, city.audit.history.HISTORY, city.privacy.history.HISTORY)
KIND = "identity.person"
NAME, PHONE, NIK, MAIL = "Siti Aminah", "+6281234567890", "3274014107900002", "siti@contoh.id"
FIELDS = {"name": NAME, "phone": PHONE, "nik": NIK, "email": MAIL}
INDEX = {"phone": PHONE, "nik": NIK, "email": MAIL}


def put(db: Database, vault: Vault, record: str, *, kind: str = KIND, **changes: object) -> None:
    with db.begin() as tx:
        vault.seal(
            tx, kind=kind, record=record, subject=f"of-{record}", fields={**FIELDS, **changes}, index=INDEX
        )


def got(db: Database, vault: Vault, record: str, *, kind: str = KIND) -> dict[str, object]:
    with db.read() as tx:
        return vault.open(tx, kind, record)
