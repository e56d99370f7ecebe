"""The seam by which other parts of devices show themselves on a device's page: presence, shadow, commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from city.identity.caller import Caller
from devices.errors import Unknown
from devices.registry import Device


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One card of the page, below the registry's own."""

    template: str  # `control/section.html`: is included with `device`, and with `section` as `load` gave it
    needs: str  # permission, for the device's unit
    load: Callable[[Caller, Device], Mapping[str, Any] | None]  # blocks; None: nothing to show of this device
    order: int = 100  # smaller stands further up


def shown(
    sections: tuple[Section, ...], caller: Caller, device: Device
) -> list[tuple[str, Mapping[str, Any]]]:
    """Template and content of each that this caller may see of this device. Blocks.

    A part that answers from memory may not know yet of a device that was enrolled this second: left out.
    """
    found = []
    for one in sorted(sections, key=lambda one: one.order):
        if not caller.may(one.needs, unit=device.unit):
            continue
        try:
            content = one.load(caller, device)
        except Unknown:
            continue
        if content is not None:
            found.append((one.template, content))
    return found
