"""Doors and tamper switches, as the kernel shows their line."""

from __future__ import annotations

from collections.abc import Iterator

from edge.kiosk.settings import Contact
from edge.kiosk.tree import number
from edge.network import part
from edge.recorder import Reading


def contacts(wanted: tuple[Contact, ...]) -> Iterator[Reading]:
    """Each that can be read: open or not."""
    for one in wanted:
        value = number(one.file)
        if value is not None:
            yield Reading(metric="door.open", value=int(value) == one.open, instance=part(one.name))
