"""How worn the chip is that the machine runs from, as eMMC tells it by the kernel's files (JESD84-B51)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edge.kiosk.tree import Tree, number, text
from edge.network import part
from edge.recorder import Reading

_NORMAL: Final = 1.0  # pre_eol_info: 1 normal, 2 warning (80 % of the spare blocks), 3 urgent


def wear(tree: Tree) -> Iterator[Reading]:
    """Share of the life that is used, in tenths as the chip counts, and whether its spare blocks run out."""
    for device in tree.each("sys/block/mmcblk*/device"):
        where = part(device.parent.name)
        used = [int(word, 16) for word in text(device / "life_time").split() if word.startswith("0x")]
        if any(used):  # 0: the chip does not tell
            yield Reading(metric="disk.wear", value=min(1.0, max(used) / 10), instance=where)
        spare = number(device / "pre_eol_info")
        if spare:
            yield Reading(metric="disk.worn", value=spare > _NORMAL, instance=where)
