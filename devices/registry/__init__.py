"""The registry of the city's devices: what people know of each, its state, and who is told of changes."""

from devices.registry.live import Live
from devices.registry.model import Contact, Device, Plan, State
from devices.registry.service import Filters, Registry

__all__ = ["Contact", "Device", "Filters", "Live", "Plan", "Registry", "State"]
