"""A version into its slot: a virtual environment of its own, from checked wheels alone. Calls block."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from contracts.updates import List
from edge.updates.errors import Unfit
from edge.updates.slots import Slot

_LIMIT: Final = 600.0  # seconds for a step: a small device takes minutes
_ROOM: Final = 4  # times the wheels' size, unpacked and compiled, and a new pip
_PIP: Final = 30_000_000  # bytes
_TOLD: Final = 400  # characters of what a step said before it failed


def room(folder: Path, files: List) -> str:
    """Why there is no room for a version; empty where there is. Raises OSError."""
    wanted = _ROOM * files.size + _PIP
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    left = shutil.disk_usage(folder).free
    return (
        ""
        if left >= wanted
        else f"it takes {wanted // 1_000_000} MB of disk, {left // 1_000_000} MB are left"
    )


def install(folder: Path, slot: Slot, wheels: Sequence[Path], version: str) -> None:
    """Put a version into a slot in place of what is there, and see that it can be loaded. Raises Unfit."""
    place = folder / slot
    shutil.rmtree(place, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(place)])
    python = str(place / "bin" / "python")
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    _run([*pip, "install", "--no-index", "--no-deps", "--no-cache-dir", *map(str, wheels)])
    said = _run([python, "-c", "import edge.cli\nfrom edge.status import installed\nprint(installed())"])
    if said != version:
        raise Unfit(f"what was installed calls itself {said}, not {version}")
    if not os.access(place / "bin" / "imm-edge", os.X_OK):
        raise Unfit("it has no program imm-edge")
    os.sync()  # it is started after the power may have gone


def _run(command: Sequence[str]) -> str:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=True,
            timeout=_LIMIT,
            env=plain,
            cwd="/",
            text=True,
            errors="replace",
        )
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or error.stdout or "it says nothing").strip()
        raise Unfit(f"{Path(command[0]).name} {command[2]}: {lines[-_TOLD:]}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unfit(f"{command[0]} cannot be run: {error}") from None
    return done.stdout.strip()
