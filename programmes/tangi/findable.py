"""Incidents as the search has them: what an alert said, never the words of people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, select

from city.search import Document, Kind, Source
from contracts.judgements import Text
from programmes.tangi import records
from programmes.tangi.model import Incident
from programmes.tangi.roles import READ
from programmes.tangi.tables import incidents

INCIDENT: Final = Kind(
    name="incident",
    title=Text(id="Insiden", en="Incident"),
    heading=("number", "title"),
    text=("site", "device"),
    facets=("state", "priority"),
    needs=READ,
)


def document(of: Incident) -> Document:
    """Incident → document."""
    return Document(
        id=of.id,
        path=f"/insiden/{of.number}",
        fields={
            "number": of.number,
            "title": tuple(dict.fromkeys((of.title.id, of.title.en))),
            "site": of.site,
            "device": of.device,
            "state": of.state.value,
            "priority": of.priority.value,
        },
        unit=of.unit,
        changed=of.updated,
    )


def same(old: Incident, new: Incident) -> bool:
    """Whether nothing of it changed that can be found: alerts go on for hours."""
    before, after = document(old), document(new)
    return before.fields == after.fields and before.unit == after.unit


def _page(tx: Connection, after: str, limit: int) -> Iterable[Document]:
    query = select(incidents).where(incidents.c.id > after).order_by(incidents.c.id).limit(limit)
    return [document(records.incident(row)) for row in tx.execute(query).mappings()]


SOURCE: Final = Source(kind=INCIDENT, page=_page)
