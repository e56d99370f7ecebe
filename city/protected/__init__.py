"""Need-to-know cases: only the team opens one; whoever forces one open says why and is seen doing it."""

from city.protected.cases import Cases
from city.protected.consents import Consent, Consents
from city.protected.force import OPENED, Force, Opening
from city.protected.model import Access, Case, Duty, Member, Verdict
from city.protected.settings import Settings

__all__ = [
    "OPENED",
    "Access",
    "Case",
    "Cases",
    "Consent",
    "Consents",
    "Duty",
    "Force",
    "Member",
    "Opening",
    "Settings",
    "Verdict",
]
