"""Who answers for a device: personal data, which lies in the vault under the device's id."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection

from city.privacy import Vault
from devices.registry.model import Contact

KIND: Final = "devices.contact"


def read(tx: Connection, vault: Vault, device: str) -> Contact:
    """The contact; an empty one where nobody is named. Whoever shows it notes the look."""
    fields = vault.open_many(tx, KIND, [device]).get(device, {})
    return msgspec.convert(fields, Contact)


def write(tx: Connection, vault: Vault, device: str, contact: Contact) -> None:
    """Put it in place of the one before; an empty one is forgotten, so that no key of it stays."""
    vault.forget(tx, KIND, device)
    if contact:
        vault.seal(tx, kind=KIND, record=device, subject="", fields=msgspec.to_builtins(contact))


def forget(tx: Connection, vault: Vault, device: str) -> None:
    """Destroy it."""
    vault.forget(tx, KIND, device)
