"""Who may what at TANGI's desk."""

from __future__ import annotations

from typing import Final

from city.identity.roles import Role
from contracts.judgements import Text
from web.roles import VIEWER

TANGI: Final = "tangi"
READ: Final = "tangi.incidents.read"
WORK: Final = "tangi.incidents.work"
LEAD: Final = "tangi.incidents.lead"
PROBES: Final = "tangi.probes.read"

ROLES: Final = (
    VIEWER.plus(READ, PROBES),
    Role(
        name="observer",
        programme=TANGI,
        permissions=(READ,),
        title=Text(id="Pengamat TANGI", en="TANGI observer"),
    ),
    Role(
        name="dispatcher",
        programme=TANGI,
        permissions=(READ, WORK, PROBES),
        title=Text(id="Petugas TANGI", en="TANGI dispatcher"),
    ),
    Role(
        name="supervisor",  # is told of what is overdue
        programme=TANGI,
        permissions=(READ, WORK, LEAD, PROBES),
        title=Text(id="Penyelia TANGI", en="TANGI supervisor"),
    ),
)
