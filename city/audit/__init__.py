"""The audit trail: who saw or changed what and why, chained in sealed batches so that tampering shows."""

from city.audit.entries import CHAINS, CITY, PROTECTED, Entry, Kept
from city.audit.reading import Filters, page
from city.audit.sealer import Sealer
from city.audit.settings import Settings
from city.audit.trail import Trail
from city.audit.witness import Witness

__all__ = [
    "CHAINS",
    "CITY",
    "PROTECTED",
    "Entry",
    "Filters",
    "Kept",
    "Sealer",
    "Settings",
    "Trail",
    "Witness",
    "page",
]
