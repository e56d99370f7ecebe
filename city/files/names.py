"""Names of files that are safe to show, to put in a header and to save on any system."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from city.files.kinds import Kind

LONGEST: Final = 100  # characters
_BAD: Final = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')
_RESERVED: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)")  # names that Windows keeps for itself


def safe(name: str, kind: Kind) -> str:
    """Name as sent → name to keep: no path, nothing invisible, with the ending of its real kind."""
    last = re.split(r"[/\\]", name)[-1]
    text = unicodedata.normalize("NFC", last)
    visible = "".join(c for c in text if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    stem = _BAD.sub("_", visible)
    stem = re.sub(r"\s+", " ", stem).strip(" .")
    bare, dot, ending = stem.rpartition(".")
    if dot and bare and len(ending) <= 5:
        stem = bare
    stem = stem[: LONGEST - len(kind.suffix)].strip(" .")
    if not stem or _RESERVED.fullmatch(stem):
        stem = "berkas"
    return stem + kind.suffix
