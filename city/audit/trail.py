"""Where packages note what was done: an insert in the caller's transaction, so that both stay or neither."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, insert

from city.audit.entries import CITY, Entry, checked
from city.audit.tables import entries
from runtime.clock import Clock


class Trail:
    """One of the two chains: that of the city, or that of protected records."""

    def __init__(self, *, clock: Clock, chain: str = CITY) -> None:
        self.chain = chain
        self._clock = clock

    def note(self, tx: Connection, *noted: Entry) -> None:
        """Append entries in a transaction that writes. Raises Refused before anything is written."""
        now = self._clock.now()
        rows = [_row(checked(entry, self.chain), self.chain, now) for entry in noted]
        if rows:
            tx.execute(insert(entries).inline(), rows)

    def looked(
        self,
        tx: Connection,
        *,
        by: str,
        kind: str,
        records: Iterable[str],
        fields: tuple[str, ...] = (),
        why: str = "",
        unit: str = "",
        request: str = "",
    ) -> None:
        """Note that someone was shown these records, one entry each, in a transaction that writes."""
        self.note(
            tx,
            *(
                Entry(
                    by=by,
                    action="viewed",
                    kind=kind,
                    record=record,
                    fields=fields,
                    why=why,
                    unit=unit,
                    request=request,
                )
                for record in records
            ),
        )


def _row(entry: Entry, chain: str, now: int) -> dict[str, object]:
    return {
        "chain": chain,
        "time": now,
        "by": entry.by,
        "action": entry.action,
        "kind": entry.kind,
        "record": entry.record,
        "fields": " ".join(entry.fields),
        "why": entry.why,
        "unit": entry.unit,
        "request": entry.request,
    }
