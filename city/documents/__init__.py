"""Documents that the city gives out: made of a template, signed, and checked by anyone who holds one."""

from city.documents.press import Press
from city.documents.records import Finding, Issued, Paper, State
from city.documents.register import Register
from city.documents.settings import Settings
from city.documents.signing import Signer

__all__ = ["Finding", "Issued", "Paper", "Press", "Register", "Settings", "Signer", "State"]
