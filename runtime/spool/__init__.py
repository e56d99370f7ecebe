"""A bounded queue on disk that forgets only what a receipt names, and declares what it had to give up."""

from runtime.spool.address import Address, Lane, of
from runtime.spool.batch import Batch, Item
from runtime.spool.errors import Busy, Error, Full, Unusable
from runtime.spool.spool import LEAST, LIMIT, Spool

__all__ = [
    "LEAST",
    "LIMIT",
    "Address",
    "Batch",
    "Busy",
    "Error",
    "Full",
    "Item",
    "Lane",
    "Spool",
    "Unusable",
    "of",
]
