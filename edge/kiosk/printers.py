"""Printers, as CUPS knows them: ready or not, and how many jobs wait."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from pathlib import Path
from typing import Final

from edge.network import part
from edge.recorder import Reading
from runtime.clock import Clock

_PROGRAM: Final = Path("/usr/bin/lpstat")
_EVERY: Final = 60.0  # seconds between two questions: each starts a program
_PATIENCE: Final = 5.0  # seconds that one may take
_ABSENT: Final = (b"No destinations", b"Scheduler is not running")  # no printer here
_ENGLISH: Final = {"LC_ALL": "C"}


class Printers:
    """Asks `lpstat`; absent where it is not installed or CUPS has no printer."""

    name = "printers"

    def __init__(self, clock: Clock, *, program: Path = _PROGRAM) -> None:
        self._program = program
        self._clock = clock
        self._asked = -_EVERY

    async def read(self) -> list[Reading]:
        """Each printer, once a minute. Raises OSError where CUPS does not answer."""
        if not self._program.exists() or self._clock.monotonic() - self._asked < _EVERY:
            return []
        self._asked = self._clock.monotonic()
        printers = await _ask(self._program, "-p")
        jobs = Counter(
            line.split()[0].rpartition("-")[0] for line in await _ask(self._program, "-o") if line.split()
        )
        found: list[Reading] = []
        for line in printers:
            words = line.split()
            if len(words) > 2 and words[0] == "printer":
                where = part(words[1])
                found += [
                    Reading(metric="printer.ready", value="disabled" not in words, instance=where),
                    Reading(metric="printer.jobs", value=float(jobs[words[1]]), instance=where),
                ]
        return found


async def _ask(program: Path, question: str) -> list[str]:
    asked = await asyncio.create_subprocess_exec(
        program,
        question,
        env={**os.environ, **_ENGLISH},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            said, wrong = await asked.communicate()
    except TimeoutError:
        raise OSError(f"lpstat {question}: no answer within {_PATIENCE:g} s") from None
    finally:
        if asked.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                asked.kill()
            await asked.wait()
    if asked.returncode and not any(word in wrong for word in _ABSENT):
        raise OSError(f"lpstat {question}: {wrong.decode(errors='replace').strip()[:100]}")
    return said.decode(errors="replace").splitlines()
