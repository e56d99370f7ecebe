"""What a device's page shows of its desired state and its commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from city.identity.caller import Caller
from devices.control import told
from devices.control.wiring import Control
from devices.pages.sections import Section
from devices.registry import Device, State
from devices.roles import READ
from web import forms


def of(control: Control) -> tuple[Section, ...]:
    """Both, for devices whose word counts."""

    def shadow(caller: Caller, device: Device) -> Mapping[str, Any] | None:
        if device.state is not State.ENROLLED:
            return None
        found = told.shadow(control.shadows, caller, device.entry(), device.unit)
        return {**found, "form": forms.Form(id="wish")}

    def commands(caller: Caller, device: Device) -> Mapping[str, Any] | None:
        if device.state is not State.ENROLLED:
            return None
        found = told.commands(control.desk, caller, device.entry(), device.unit)
        return {**found, "form": forms.Form(id="command")}

    return (
        Section(template="control/shadow.html", needs=READ, load=shadow, order=40),
        Section(template="control/commands.html", needs=READ, load=commands, order=50),
    )
