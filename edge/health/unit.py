"""The systemd unit of an agent: hardened, watched, started again and again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

_TEMPLATE: Final = Path(__file__).with_name("imm-edge.service")


def text(kind: str, config: Path, *, program: Path | None = None) -> str:
    """The unit's file for the program that is installed beside this Python."""
    chosen = program or Path(sys.executable).with_name("imm-edge")
    words = {"@KIND@": kind, "@CONFIG@": str(config), "@PROGRAM@": str(chosen)}
    unit = _TEMPLATE.read_text(encoding="utf-8")
    for word, value in words.items():
        unit = unit.replace(word, value)
    return unit
