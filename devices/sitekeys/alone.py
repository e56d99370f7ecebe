"""Nobody holds both keys and sketches: the holder looks around before it begins."""

from __future__ import annotations

import sys
from typing import Final

from devices.sitekeys.errors import NotAlone

APART: Final = ("ingest.worker", "store.bundle", "store.embedded", "store.influx", "store.visitors")


def check() -> None:
    """Refuse a process that has ingest or the store loaded. Raises NotAlone."""
    found = [name for name in APART if name in sys.modules]
    if found:
        raise NotAlone(found)
