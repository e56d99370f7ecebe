"""Rules that the desk sets: the key `thresholds` of the shadow."""

from __future__ import annotations

from typing import Any

from contracts import shadow
from contracts.settables import Value
from edge.alerts.rule import Rule, merged
from edge.control import Control
from edge.station import Station

KEY = "thresholds"


def plug(station: Station, control: Control) -> None:
    """Have the desk's thresholds judged beside the device's own rules."""
    device = station.device
    if device is None:
        return

    async def apply(value: Value | None) -> Value:
        wanted: Any = {} if value is None else shadow.checked(device.kind, {KEY: value})[KEY]
        station.board.replace(merged((*station.settings.alerts, *rules(wanted))))
        return dict(wanted)

    control.shadow.register(KEY, apply, holds={})


def rules(limits: dict[str, dict[str, float | int]]) -> list[Rule]:
    """Metric → above, below, seconds becomes rules named after the metric."""
    return [
        Rule(
            name=f"{metric.replace('_', '-')}.{side}"[:64],
            metric=metric,
            above=float(limit["above"]) if side == "above" else None,
            below=float(limit["below"]) if side == "below" else None,
            for_s=float(limit.get("seconds", 0)),
            text=f"{metric}: {side} {limit[side]:g}",
        )
        for metric, limit in limits.items()
        for side in ("above", "below")
        if side in limit
    ]
