"""The tables of registry and enrolment, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from devices.ca.tables import authorities, certificates
from devices.enrolment.tables import accounts, claims, renewals
from devices.registry.tables import devices, marks

HISTORY: Final = History(
    name="devices",
    folder=Path(__file__).parent,
    tables=(devices, marks, authorities, certificates, claims, accounts, renewals),
)
