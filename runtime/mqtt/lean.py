"""paho's client without what it loads to look for a proxy: 2 MB that a small device does without.

We bring our own connection (runtime.mqtt.wire), so the place where it would ask is never reached.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Final

_PROXIES: Final = "urllib.request"
_absent: Final = _PROXIES not in sys.modules
if _absent:
    sys.modules[_PROXIES] = ModuleType(_PROXIES)
try:
    from paho.mqtt import client as paho
finally:
    if _absent:
        del sys.modules[_PROXIES]  # whoever wants it loads the real one

__all__ = ["paho"]
