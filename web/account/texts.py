"""What several pages of sign-in say."""

from __future__ import annotations

import math
import re
from typing import Final

from contracts.judgements import Text

_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone|iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def waits(after: float) -> Text:
    """That too many attempts failed, and for how long (seconds) to wait."""
    seconds = max(1, math.ceil(after))
    return Text(
        id=f"Terlalu banyak percobaan. Tunggu {seconds} detik, lalu coba lagi.",
        en=f"Too many attempts. Wait {seconds} seconds, then try again.",
    )


def browser(agent: str) -> str:
    """A browser's own words, as people call it; the words themselves where it is unknown."""
    found = [
        next((name for mark, name in known if re.search(mark, agent)), "") for known in (_BROWSERS, _SYSTEMS)
    ]
    return " · ".join(part for part in found if part) or agent


def retry_after(seconds: float) -> dict[str, str]:
    """Header of an answer that asks to wait; none where there is nothing to wait for."""
    return {"Retry-After": str(max(1, math.ceil(seconds)))} if seconds > 0 else {}
