"""Idempotency keys: what is sent twice with one key is done once, and answered alike."""

from city.idempotency.errors import InProgress, Lost, Mismatch, Unkept
from city.idempotency.model import Answer, Claim, Request, parse
from city.idempotency.service import Idempotency
from city.idempotency.settings import Settings

__all__ = [
    "Answer",
    "Claim",
    "Idempotency",
    "InProgress",
    "Lost",
    "Mismatch",
    "Request",
    "Settings",
    "Unkept",
    "parse",
]
