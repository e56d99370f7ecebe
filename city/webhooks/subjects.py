"""What webhooks have of a person: subscriptions that he owns, handed to him or removed when he asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from city.identity.caller import Kind
from city.privacy import Hook, Outcome
from city.webhooks import records
from city.webhooks.model import Subscription
from city.webhooks.vault import Secrets, Vault

KIND: Final = "webhook"
_MOST: Final = 10_000  # more than anybody may have


def hook(vault: Vault) -> Hook:
    """This package's part in a person's requests."""
    secrets = Secrets(vault)

    def export(tx: Connection, subject: str) -> Mapping[str, Sequence[Any]]:
        found = _owned(tx, subject)
        return {KIND: found} if found else {}

    def erase(tx: Connection, subject: str) -> Sequence[Outcome]:
        found = _owned(tx, subject)
        for one in found:
            records.remove(tx, one.id)
            secrets.forget(tx, one.id)
        return (Outcome(kind=KIND, erased=len(found)),)

    return Hook(name="webhooks", export=export, erase=erase)


def _owned(tx: Connection, person: str) -> list[Subscription]:
    found = records.page(tx, owner=person, limit=_MOST)
    return [one for one in found if one.owner_kind == Kind.PERSON]
