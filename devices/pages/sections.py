"""The seam by which other parts of devices show themselves on a device's page: presence, shadow, commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from city.identity.caller import Caller
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
    """Template and content of each that this caller may see of this device. Blocks."""
    may = [one for one in sections if caller.may(one.needs, unit=device.unit)]
    loaded = [(one, one.load(caller, device)) for one in sorted(may, key=lambda one: one.order)]
    return [(one.template, content) for one, content in loaded if content is not None]
