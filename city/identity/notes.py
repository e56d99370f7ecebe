"""What the audit trail remembers of identities, in the transaction in which it was done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from city.audit import Entry, Trail

NOBODY: Final = "unknown"  # record of an attempt that names no account of ours
_ANONYMOUS: Final = "anonymous"


class Notes:
    """Notes in the words of this package."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail

    def note(
        self,
        tx: Connection,
        *,
        by: str,
        action: str,
        kind: str,
        id: str,  # noqa: A002 - of the record
        changed: Sequence[str] = (),
        why: str = "",
        unit: str = "",
    ) -> None:
        """Who (id of a caller), what he did (`person.invited`), to which record, in which fields."""
        entry = Entry(
            by=by or _ANONYMOUS,
            action=action,
            kind=f"identity.{kind}",
            record=id or NOBODY,
            fields=tuple(changed),
            why=why,
            unit=unit,
        )
        self._trail.note(tx, entry)
