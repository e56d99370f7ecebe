"""Devices as the search has them: for those who may see them, by id, name, site and operator."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

from city.search import Document, Kind, Source
from contracts.judgements import Text
from devices.registry import records
from devices.registry.model import Device
from devices.roles import READ

DEVICE: Final = Kind(
    name="device",
    title=Text(id="Perangkat", en="Device"),
    heading=("device", "title"),
    text=("site", "operator", "floor", "contract", "said"),
    facets=("type", "state", "at", "label"),
    needs=READ,
)
_SAID: Final = ("model", "serial")  # of what it said of itself


def document(of: Device) -> Document:
    """Device → document; without who answers for it."""
    return Document(
        id=of.device,
        path=f"/perangkat/{of.device}",
        fields={
            "device": of.device,
            "title": of.title,
            "site": of.site,
            "operator": of.operator,
            "floor": of.floor,
            "contract": of.contract,
            "said": tuple(of.hardware[name] for name in _SAID if of.hardware.get(name)),
            "type": str(of.kind),
            "state": str(of.state),
            "at": of.site,
            "label": tuple(f"{name}={value}" for name, value in of.labels.items()),
        },
        unit=of.unit,
        changed=of.updated,
    )


def _page(tx: Connection, after: str, limit: int) -> Iterable[Document]:
    return [document(one) for one in records.some(tx, after=after, limit=limit)]


SOURCE: Final = Source(kind=DEVICE, page=_page)
