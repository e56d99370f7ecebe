"""How a device stands, in one word: its life in the registry and its presence weighed together."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from contracts.presence import Presence
from contracts.presence import State as There
from devices.registry import Device, State


class Standing(StrEnum):
    """The worst first: lists are in this order."""

    OFFLINE = "offline"
    LATE = "late"
    NEVER = "never"
    ONLINE = "online"
    MAINTAINED = "maintained"  # planned work: whatever it is, nobody is called
    PLANNED = "planned"
    DISABLED = "disabled"
    RETIRED = "retired"


RANK: Final = {standing: rank for rank, standing in enumerate(Standing)}
TROUBLE: Final = frozenset({Standing.OFFLINE, Standing.LATE})
_LIFE: Final = {
    State.PLANNED: Standing.PLANNED,
    State.DISABLED: Standing.DISABLED,
    State.RETIRED: Standing.RETIRED,
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A device of the registry or of the roster's file, and what is known of it."""

    device: Device
    presence: Presence
    of_file: bool = False  # the file has it, and the registry does not: nothing of it is changed here

    def standing(self, now: int) -> Standing:
        """How it stands at an instant (µs UTC)."""
        return standing(self.device, self.presence, now)

    def rank(self, now: int) -> tuple[int, int, str, str]:
        """Place in a list: the worst first, of the same the newest trouble, then by site and id."""
        found = self.standing(now)
        worst = min(RANK[found], RANK[Standing.LATE]) if self.flaps(now) else RANK[found]
        newest = -self.presence.since if found in TROUBLE else 0
        return worst, newest, self.device.site, self.device.device

    def flaps(self, now: int) -> bool:
        """Whether it comes and goes, and somebody is to care."""
        return self.presence.flapping and RANK[self.standing(now)] < RANK[Standing.MAINTAINED]


def standing(device: Device, presence: Presence, now: int) -> Standing:
    """How a device stands at an instant (µs UTC)."""
    if device.state is not State.ENROLLED:
        return _LIFE[device.state]
    if any(window.start <= now < window.end for window in device.maintenance):
        return Standing.MAINTAINED
    return Standing(presence.state.value)


def unheard(device: Device) -> Presence:
    """Of a device that presence has not looked at yet."""
    return Presence(device=device.device, site=device.site, state=There.NEVER)
