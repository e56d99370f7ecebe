"""Pages of the fleet: the list, the map, one device, and the claim that lets it in."""

from __future__ import annotations

from typing import Final

RESERVED: Final = frozenset({"baru", "jawaban", "peta"})  # parts of our addresses: no device is called so
