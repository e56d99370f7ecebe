"""Cameras that the kernel has found; nobody looks through them here."""

from __future__ import annotations

from collections.abc import Iterator

from edge.kiosk.tree import Tree, number
from edge.recorder import Reading


def cameras(tree: Tree) -> Iterator[Reading]:
    """How many there are; absent where the machine has no support for any."""
    if tree.each("sys/class/video4linux"):
        # One camera shows several nodes: its pictures are index 0, its metadata another.
        found = [node for node in tree.each("sys/class/video4linux/video*") if not number(node / "index")]
        yield Reading(metric="camera.count", value=float(len(found)))
