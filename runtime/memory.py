"""Memory that keeps a secret: not swapped where the system lets us, in no core dump, wiped when done with."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Final

_NOT_DUMPABLE: Final = 4  # PR_SET_DUMPABLE: 0 also keeps other processes of this user from reading us
_ALL: Final = 1 | 2 | 4  # of mlockall: now, from now on, and only what is used: whole stacks would be locked
_DONT_DUMP: Final = 16  # MADV_DONTDUMP
Said = list[str]


class Locked:
    """Some bytes in a page of their own. What Python copies of them it does not wipe: take them seldom."""

    def __init__(self, content: bytes) -> None:
        self._map = mmap.mmap(-1, max(1, len(content)))
        self._size = len(content)
        self.locked = _call("mlock", ctypes.c_void_p(self._address()), ctypes.c_size_t(self._size))
        with contextlib.suppress(OSError, ValueError):  # other systems have no such advice
            self._map.madvise(_DONT_DUMP)
        self._map[: self._size] = content

    def view(self) -> memoryview:
        """The bytes themselves; raises ValueError once they are wiped. Release it before they are."""
        return memoryview(self._map)[: self._size]

    def wipe(self) -> None:
        """Forget them; twice is the same as once."""
        if not self._map.closed:
            self._map[: self._size] = bytes(self._size)
            self._map.close()

    def _address(self) -> int:
        whole = ctypes.c_char.from_buffer(self._map)
        try:
            return ctypes.addressof(whole)
        finally:
            del whole  # else the map could not be closed

    def __repr__(self) -> str:
        return "Locked(…)"


def harden() -> Said:
    """Keep this process out of core dumps and, as far as it may, out of the swap; what could not be done."""
    missing: Said = []
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not _call("prctl", _NOT_DUMPABLE, 0, 0, 0, 0):
        missing.append("core dumps: only the limit of this process keeps them off")
    if not _swaps():
        return missing
    # With a limit, locking what is to come would let later allocations fail instead of being swapped.
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] != resource.RLIM_INFINITY and os.geteuid() != 0:
        missing.append("swap: memory is not locked; set LimitMEMLOCK=infinity, or MemorySwapMax=0")
    elif not _call("mlockall", _ALL):
        missing.append("swap: memory could not be locked; set MemorySwapMax=0")
    return missing


def _swaps(proc: Path = Path("/proc"), groups: Path = Path("/sys/fs/cgroup")) -> bool:
    """Whether this process may be swapped at all: there is a swap, and its group may use it."""
    try:
        if len((proc / "swaps").read_text().splitlines()) < 2:
            return False
        group = (proc / "self/cgroup").read_text().rpartition("::/")[2].strip()
        return (groups / group / "memory.swap.max").read_text().strip() != "0"
    except OSError:  # not told: take it that it may
        return True


def _call(name: str, *arguments: object) -> bool:
    try:
        function: Callable[..., int] = getattr(ctypes.CDLL(None, use_errno=True), name)
        return function(*arguments) == 0
    except (OSError, AttributeError):  # a system without it
        return False
