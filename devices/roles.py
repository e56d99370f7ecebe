"""Who may what with devices. What belongs to a unit's devices is given for that unit."""

from __future__ import annotations

from typing import Final

from city.identity.roles import Role
from contracts.judgements import Text

DEVICES: Final = "devices"  # the programme of these roles
READ: Final = "devices.read"
MANAGE: Final = "devices.manage"
ENROL: Final = "devices.enrol"  # make claim codes and accounts
DISABLE: Final = "devices.disable"
MAINTAIN: Final = "devices.maintain"  # plan windows in which nobody is called

ROLES: Final = (
    Role(
        name="operator",
        programme=DEVICES,
        permissions=(READ,),
        title=Text(id="Operator perangkat", en="Device operator"),
    ),
    Role(
        name="engineer",
        programme=DEVICES,
        permissions=(READ, ENROL, DISABLE, MAINTAIN),
        title=Text(id="Teknisi perangkat", en="Device engineer"),
    ),
    Role(
        name="admin",
        programme=DEVICES,
        permissions=(READ, MANAGE, ENROL, DISABLE, MAINTAIN),
        title=Text(id="Admin perangkat", en="Device administrator"),
    ),
)
