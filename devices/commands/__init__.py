"""Commands at the desk: issued by people and programmes, sent until their end is known."""

from devices.commands.model import Filters, Record, State
from devices.commands.service import Desk

__all__ = ["Desk", "Filters", "Record", "State"]
