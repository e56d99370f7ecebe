"""From the spool to the broker, in order, until receipts come back."""

from runtime.uplink.settings import Settings
from runtime.uplink.uplink import Uplink

__all__ = ["Settings", "Uplink"]
