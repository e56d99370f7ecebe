"""What devices should be like, in versions, what they say they are, and how that differs."""

from devices.shadow.model import Shadow, Told, Version
from devices.shadow.service import Shadows

__all__ = ["Shadow", "Shadows", "Told", "Version"]
