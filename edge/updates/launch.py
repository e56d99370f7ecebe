"""Entry point `imm-edge`: starts the version that is to run. It loads as little as can break."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, MutableMapping, Sequence
from pathlib import Path
from typing import Final

_AGENTS: Final = frozenset({"kiosk", "wifi", "replay"})  # commands that run an agent; all others stay here
Exec = Callable[..., object]


def main() -> None:
    """Become the version that is to run, or be it."""
    launch(sys.argv, os.environ)
    from edge import entry

    entry.main()


def launch(arguments: Sequence[str], environment: MutableMapping[str, str], become: Exec = os.execve) -> None:
    """Become another version where one is to run; return where this one is. Never raises."""
    from edge.updates import slots

    place = environment.get(slots.FOLDER, "")
    if not place or slots.CHOSEN in environment or not _AGENTS & set(arguments[1:2]):
        return
    folder = Path(place)
    try:
        for _ in slots.Slot:
            slot = slots.choose(folder)
            if slot is slots.Slot.BASE:
                break
            chosen = str(slots.program(folder, slot))
            try:
                become(chosen, [chosen, *arguments[1:]], {**environment, slots.CHOSEN: slot})
            except OSError as error:
                _say(f"{chosen} cannot be started: {error}")
                slots.write(folder, slots.broken(slots.read(folder), slot, str(error)))
    except OSError as error:
        _say(f"what was there from the start runs, for {folder} cannot be used: {error}")
    environment[slots.CHOSEN] = slots.Slot.BASE


def _say(text: str) -> None:
    sys.stderr.write(f"imm-edge: {text}\n")
