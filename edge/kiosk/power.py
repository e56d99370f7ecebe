"""Power as the machine itself knows it: mains, battery, and a supply that is too weak."""

from __future__ import annotations

from collections.abc import Iterator

from edge.kiosk.tree import Tree, number, text
from edge.network import part
from edge.recorder import Reading


def power(tree: Tree) -> Iterator[Reading]:
    """What the kernel's power supplies and its monitors of voltage say."""
    for supply in tree.each("sys/class/power_supply/*"):
        where = part(supply.name)
        kind, online = text(supply / "type"), number(supply / "online")
        if kind in ("Mains", "USB") and online is not None:
            yield Reading(metric="power.mains", value=bool(online), instance=where)
        level = number(supply / "capacity")
        if kind == "Battery" and level is not None and text(supply / "scope") != "Device":
            yield Reading(metric="battery.level", value=min(100.0, level), instance=where)
            discharging = text(supply / "status") == "Discharging"
            yield Reading(metric="power.on-battery", value=discharging, instance=where)
    for monitor in tree.each("sys/class/hwmon/hwmon*"):
        low = number(monitor / "in0_lcrit_alarm")
        if text(monitor / "name") == "rpi_volt" and low is not None:
            yield Reading(metric="power.undervoltage", value=bool(low))
