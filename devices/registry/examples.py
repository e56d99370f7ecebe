"""What the API document shows of devices."""

from __future__ import annotations

from typing import Any, Final

from city.imports import Report
from contracts.topics import Kind
from devices.registry.model import Contact, Device, State

TIME: Final = 1_795_478_400_000_000
CONTACT: Final = Contact(name="Budi Santoso", phone="0812-3456-7890")
DEVICE: Final = Device(
    device="kiosk-07",
    kind=Kind.KIOSK,
    site="bima",
    title="Kiosk gerbang timur",
    longitude=108.5409,
    latitude=-6.7401,
    operator="Indosat",
    contract="SPK 12/2026, CV Terang, 8–17",
    labels={"stop": "north"},
    state=State.ENROLLED,
    hardware={"model": "Raspberry Pi 5"},
    versions={"agent": "0.1.0"},
    revision=3,
    created=TIME,
    updated=TIME,
    enrolled=TIME,
)
WISH: Final[dict[str, Any]] = {
    "kind": "kiosk",
    "site": "bima",
    "title": DEVICE.title,
    "longitude": DEVICE.longitude,
    "latitude": DEVICE.latitude,
    "operator": DEVICE.operator,
    "contract": DEVICE.contract,
    "contact": {"name": CONTACT.name, "phone": CONTACT.phone},
}
REPORT: Final = Report(
    run="0197b0f2-5d0e-7c4a-9b1f-6a2f7d1c8e90", layout="devices.registry", committed=True, rows=1, new=1
)
CSV: Final = "id;jenis;lokasi;nama\r\nkiosk-07;kiosk;bima;Kiosk gerbang timur\r\n"
