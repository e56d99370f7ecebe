"""Uninterruptible supplies, asked of a NUT server (upsd) by its line protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Final

from aionut import AIONUTClient, NUTError

from edge.network import part
from edge.recorder import Reading
from runtime.logs import clean

_PATIENCE: Final = 3.0  # seconds for an answer
_NUMBERS: Final = {  # NUT's variable → metric, factor
    "battery.charge": ("battery.level", 1.0),
    "battery.runtime": ("power.runtime", 1.0),
    "input.voltage": ("power.voltage", 1.0),
    "ups.load": ("power.load", 0.01),
    "ups.temperature": ("temperature", 1.0),
}
_FLAGS: Final = {"OB": "power.on-battery", "LB": "power.battery-low", "RB": "power.battery-worn"}
_MOST: Final = 16  # supplies of one server


class Ups:
    """All supplies of one server, or those named."""

    name = "ups"

    def __init__(self, address: str, names: tuple[str, ...] = ()) -> None:
        host, _, port = address.rpartition(":")
        self._client = AIONUTClient(host.strip("[]"), int(port), timeout=_PATIENCE)
        self._names = names

    async def read(self) -> list[Reading]:
        """What they say. Raises OSError where the server, or one of the supplies named, does not answer."""
        try:
            names = self._names or tuple(sorted(await self._client.list_ups()))[:_MOST]
            return [one for name in names for one in readings(name, await self._client.list_vars(name))]
        except (NUTError, asyncio.LimitOverrunError, EOFError) as error:
            self.close()
            raise OSError(clean(error)) from None

    def close(self) -> None:
        """Hang up."""
        self._client.disconnect()


def readings(name: str, variables: Mapping[str, str]) -> Iterator[Reading]:
    """NUT's variables of one supply as readings; what it does not tell is absent."""
    where = part(name)
    states = variables.get("ups.status", "").split()
    if states and "WAIT" not in states:
        for state, metric in _FLAGS.items():
            yield Reading(metric=metric, value=state in states, instance=where)
    for variable, (metric, factor) in _NUMBERS.items():
        try:
            value = float(variables[variable]) * factor
        except (KeyError, ValueError):
            continue
        yield Reading(metric=metric, value=round(value, 6), instance=where)
