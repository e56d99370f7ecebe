"""This machine's network interfaces, each an instance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import psutil

from edge.recorder import Reading

_LOOPBACK: Final = "lo"
_FOREIGN: Final = re.compile(r"[^A-Za-z0-9.:/-]+")
_LONGEST: Final = 64  # characters of an instance


def part(text: str) -> str:
    """Name of a part of this machine as an instance: `/` is root, other characters become hyphens."""
    clean = _FOREIGN.sub("-", text).strip("-./:")
    return clean[:_LONGEST] or "root"


def interfaces(wanted: tuple[str, ...]) -> Iterator[Reading]:
    """Counters of the wanted interfaces, or of all but loopback."""
    states = psutil.net_if_stats()
    for name, count in psutil.net_io_counters(pernic=True).items():
        if name not in wanted if wanted else name == _LOOPBACK:
            continue
        where = part(name)
        yield Reading(metric="network.received", value=float(count.bytes_recv), instance=where)
        yield Reading(metric="network.sent", value=float(count.bytes_sent), instance=where)
        yield Reading(metric="network.packets.received", value=float(count.packets_recv), instance=where)
        yield Reading(metric="network.packets.sent", value=float(count.packets_sent), instance=where)
        yield Reading(metric="network.errors", value=float(count.errin + count.errout), instance=where)
        yield Reading(metric="network.drops", value=float(count.dropin + count.dropout), instance=where)
        state = states.get(name)
        if state:
            yield Reading(metric="network.up", value=state.isup, instance=where)
            if state.speed:
                yield Reading(metric="network.speed", value=float(state.speed), instance=where)
