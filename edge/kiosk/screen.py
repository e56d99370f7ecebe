"""The screen, as the kernel's graphics show it: connected, on, its resolution and its brightness."""

from __future__ import annotations

from collections.abc import Iterator

from edge.kiosk.tree import Tree, number, text
from edge.network import part
from edge.recorder import Reading


def screen(tree: Tree) -> Iterator[Reading]:
    """Each connector that a screen may hang on, and each backlight."""
    for connector in tree.each("sys/class/drm/card*-*"):
        status = text(connector / "status")
        if status not in ("connected", "disconnected"):  # unknown: a connector that cannot tell
            continue
        where = part(connector.name.partition("-")[2])
        yield Reading(metric="screen.connected", value=status == "connected", instance=where)
        if status == "connected":
            power, enabled = text(connector / "dpms"), text(connector / "enabled")
            yield Reading(metric="screen.on", value=enabled == "enabled" and power == "On", instance=where)
            if mode := text(connector / "modes"):  # the first is the preferred one
                yield Reading(metric="screen.mode", value=mode[:32], instance=where)
    for light in tree.each("sys/class/backlight/*"):
        most, now = number(light / "max_brightness"), number(light / "actual_brightness")
        if now is None:
            now = number(light / "brightness")
        if most and now is not None:
            dark = number(light / "bl_power")  # FB_BLANK_UNBLANK is 0; anything else is off
            yield Reading(
                metric="screen.brightness",
                value=0.0 if dark else min(1.0, max(0.0, now / most)),
                instance=part(light.name),
            )
