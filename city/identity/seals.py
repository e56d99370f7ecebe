"""What of identities is personal or secret: sealed in the vault, looked up by keyed hashes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection

from city.identity.contacts import Contact
from city.privacy import Vault
from city.privacy.blind import Digests

TOTP: Final = "identity.totp"  # kinds of records in the vault
CONTACT: Final = "identity.contact"
_OURS: Final = "identity"  # the keyed hashes of this package are like no other's


class Sealer:
    """The vault under this package's own names."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault

    def seal(
        self, tx: Connection, kind: str, record: str, *, subject: str, fields: Mapping[str, Any]
    ) -> None:
        """Keep fields of a record; `subject` is the person whose data it is."""
        self.vault.seal(tx, kind=kind, record=record, subject=subject, fields=fields)

    def open(self, tx: Connection, kind: str, record: str) -> Mapping[str, Any]:
        """Fields of a record; none where it was erased."""
        return self.vault.open_many(tx, kind, [record]).get(record, {})

    def forget(self, tx: Connection, kind: str, records: Iterable[str]) -> None:
        """Destroy records that are deleted as a whole."""
        for record in records:
            self.vault.forget(tx, kind, record)

    def blind(self, purpose: str, value: str) -> str:
        """Keyed hash of 64 hex digits, for what is made anew or goes soon: its key is not rotated."""
        return self.vault.blind(purpose, value, kind=_OURS)

    def digests(self, tx: Connection, contact: Contact) -> Digests:
        """By what a contact, in its normal form, is looked up in this transaction."""
        return self.vault.digests(tx, contact.kind, contact.address, kind=_OURS)
