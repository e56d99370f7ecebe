"""A device that answers SNMP: interfaces by IF-MIB (RFC 2863), load by HOST-RESOURCES-MIB (RFC 2790)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from edge.network import part
from edge.recorder import Reading
from edge.wifi import links
from edge.wifi.agents import Agent, Oid, number, text
from edge.wifi.rates import Rates
from runtime.clock import Clock

_MIB: Final = (1, 3, 6, 1, 2, 1)
_UPTIME: Final = (*_MIB, 1, 3, 0)  # hundredths of a second since the agent started
_HOST_UPTIME: Final = (*_MIB, 25, 1, 1, 0)
_PROCESSES: Final = (*_MIB, 25, 1, 6, 0)
_INTERFACES: Final = {
    "descr": (*_MIB, 2, 2, 1, 2),
    "admin": (*_MIB, 2, 2, 1, 7),
    "oper": (*_MIB, 2, 2, 1, 8),
    "in": (*_MIB, 2, 2, 1, 10),
    "in_drops": (*_MIB, 2, 2, 1, 13),
    "in_errors": (*_MIB, 2, 2, 1, 14),
    "out": (*_MIB, 2, 2, 1, 16),
    "out_drops": (*_MIB, 2, 2, 1, 19),
    "out_errors": (*_MIB, 2, 2, 1, 20),
    "name": (*_MIB, 31, 1, 1, 1, 1),
    "wide_in": (*_MIB, 31, 1, 1, 1, 6),
    "packets_in": (*_MIB, 31, 1, 1, 1, 7),
    "wide_out": (*_MIB, 31, 1, 1, 1, 10),
    "packets_out": (*_MIB, 31, 1, 1, 1, 11),
    "speed": (*_MIB, 31, 1, 1, 1, 15),  # Mbit/s
    "since": (*_MIB, 31, 1, 1, 1, 19),  # when its counters last began anew
}
_STORAGE: Final = {
    "type": (*_MIB, 25, 2, 3, 1, 2),
    "descr": (*_MIB, 25, 2, 3, 1, 3),
    "unit": (*_MIB, 25, 2, 3, 1, 4),
    "size": (*_MIB, 25, 2, 3, 1, 5),
    "used": (*_MIB, 25, 2, 3, 1, 6),
}
_PROCESSORS: Final = {"load": (*_MIB, 25, 3, 3, 1, 2)}  # percent of the last minute
_RAM, _FIXED, _FLASH = ((*_MIB, 25, 2, 1, kind) for kind in (2, 4, 9))
_REUSABLE: Final = {
    "memory buffers",
    "cached memory",
}  # what net-snmp counts as used, and the kernel gives back
_LINKS, _DISKS = 128, 16  # interfaces and disks of one device that are told


class Snmp:
    """Source of one device; its interfaces and disks are instances `name/part`."""

    def __init__(self, name: str, agent: Agent, clock: Clock, *, wanted: tuple[str, ...] = ()) -> None:
        self.name = name
        self._agent = agent
        self._clock = clock
        self._wanted = wanted
        self._rates = Rates()
        self._uptime = 0

    async def read(self) -> list[Reading]:
        """Everything that the device tells. Raises OSError where it does not answer."""
        single = await self._agent.values((_UPTIME, _HOST_UPTIME, _PROCESSES))
        uptime = number(single.get(_UPTIME)) or 0
        self._rates.begin(restarted=uptime < self._uptime)
        self._uptime = uptime
        rows = await self._agent.table(_INTERFACES)
        now = self._clock.monotonic()
        found = list(self._interfaces(rows, now))
        found += self._host(single)
        found += self._processor(await self._agent.table(_PROCESSORS))
        found += self._storage(await self._agent.table(_STORAGE))
        return found

    async def close(self) -> None:
        """Let go of the socket."""
        self._agent.close()

    def _interfaces(self, rows: Mapping[Oid, Mapping[str, Any]], now: float) -> Iterator[Reading]:
        for row in list(rows.values())[:_LINKS]:
            link = interface(row)
            if link.name and (link.name in self._wanted if self._wanted else link.name != "lo"):
                yield from links.readings(self.name, link, self._rates, now)

    def _host(self, single: Mapping[Oid, Any]) -> Iterator[Reading]:
        uptime = number(single.get(_HOST_UPTIME, single.get(_UPTIME)))
        if uptime is not None:
            yield Reading(metric="host.uptime", value=uptime / 100, instance=self.name)
        processes = number(single.get(_PROCESSES))
        if processes is not None:
            yield Reading(metric="process.count", value=float(processes), instance=self.name)

    def _processor(self, rows: Mapping[Oid, Mapping[str, Any]]) -> Iterator[Reading]:
        loads = [load for row in rows.values() if (load := number(row.get("load"))) is not None]
        if loads:
            share = min(1.0, sum(loads) / len(loads) / 100)
            yield Reading(metric="cpu.utilization", value=share, instance=self.name)

    def _storage(self, rows: Mapping[Oid, Mapping[str, Any]]) -> Iterator[Reading]:
        disks = 0
        for row in rows.values():
            kind, unit = _oid(row.get("type")), number(row.get("unit"))
            size, used = number(row.get("size")), number(row.get("used"))
            if not unit or not size or used is None or not 0 <= used <= size:
                continue
            if kind == _RAM:
                yield from self._memory(rows, size * unit, used * unit)
            elif kind in {_FIXED, _FLASH} and disks < _DISKS:
                disks += 1
                where = part(f"{self.name}/{text(row.get('descr')).lstrip('/') or 'root'}")
                yield Reading(metric="disk.total", value=float(size * unit), instance=where)
                yield Reading(metric="disk.used", value=float(used * unit), instance=where)
                yield Reading(metric="disk.utilization", value=used / size, instance=where)

    def _memory(self, rows: Mapping[Oid, Mapping[str, Any]], size: int, used: int) -> Iterator[Reading]:
        for row in rows.values():
            if text(row.get("descr")).lower() in _REUSABLE:
                used -= (number(row.get("used")) or 0) * (number(row.get("unit")) or 0)
        used = max(0, used)
        yield Reading(metric="memory.total", value=float(size), instance=self.name)
        yield Reading(metric="memory.used", value=float(used), instance=self.name)
        yield Reading(metric="memory.utilization", value=used / size, instance=self.name)


def interface(row: Mapping[str, Any]) -> links.Link:
    """One interface; by its counters of 64 bits where it has them."""
    told = {name: number(value) for name, value in row.items()}
    wide = told.get("wide_in") is not None and told.get("wide_out") is not None
    return links.Link(
        name=text(row.get("name")) or text(row.get("descr")),
        up=told["oper"] == 1 if told.get("oper") else None,
        enabled=told["admin"] == 1 if told.get("admin") else None,
        speed=float(told["speed"] or 0) if told.get("speed") is not None else None,
        received=told.get("wide_in") if wide else told.get("in"),
        sent=told.get("wide_out") if wide else told.get("out"),
        packets_received=told.get("packets_in"),
        packets_sent=told.get("packets_out"),
        errors=_both(told.get("in_errors"), told.get("out_errors")),
        drops=_both(told.get("in_drops"), told.get("out_drops")),
        width=64 if wide else 32,
        since=told.get("since") or 0,
    )


def _both(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)


def _oid(value: Any) -> Oid:
    try:
        return tuple(value)
    except TypeError:
        return ()
