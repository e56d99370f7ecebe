"""What of an agent's settings the desk may change while it runs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final, Self

from contracts import settables, shadow
from contracts.settables import Value
from contracts.topics import Device
from edge.settings import Settings
from edge.shadow import Apply, Shadow

_LEVEL: Final = "log-level"


class Live:
    """Read by the loops at each turn; set by the shadow. Without the desk's word as in the settings."""

    def __init__(self, settings: Settings) -> None:
        self.period = settings.period  # seconds
        self.probe = settings.probe  # seconds; 0: none
        self.tally = settings.tally  # seconds
        self.encoding: str = settings.encoding
        self.metrics: frozenset[str] = frozenset()  # what is recorded; empty: all

    @classmethod
    def of(cls, settings: Settings, shadow_: Shadow | None, device: Device | None) -> Self:
        """Settings that the device's shadow changes."""
        live = cls(settings)
        if shadow_ is None or device is None or device.kind not in settables.KEYS:
            return live
        own: dict[str, Any] = {
            "period": settings.period,
            "probe": settings.probe,
            "tally": settings.tally,
            "encoding": settings.encoding,
            "metrics": [],
            _LEVEL: settings.log.level.lower(),
        }
        for key, default in own.items():
            put = _level if key == _LEVEL else _setter(live, key)
            shadow_.register(key, _apply(device, key, default, put), holds=default)
        return live

    def wants(self, metric: str) -> bool:
        """Whether a metric is recorded."""
        return not self.metrics or metric in self.metrics


def _apply(device: Device, key: str, default: Value, put: Callable[[Any], None]) -> Apply:
    async def apply(value: Value | None) -> Value:
        wanted = default if value is None else shadow.checked(device.kind, {key: value})[key]
        put(wanted)
        return wanted

    return apply


def _setter(live: Live, key: str) -> Callable[[Any], None]:
    return lambda value: setattr(live, key, frozenset(value) if key == "metrics" else value)


def _level(value: Any) -> None:
    logging.getLogger().setLevel(str(value).upper())
