"""Who answers people's requests about their data."""

from __future__ import annotations

from typing import Final

from city.identity.roles import PLATFORM, Role
from contracts.judgements import Text

MANAGE: Final = "privacy.subjects.manage"
OFFICER: Final = Role(
    name="privacy-officer",
    programme=PLATFORM,
    permissions=(MANAGE,),
    title=Text(id="Petugas pelindungan data", en="Data protection officer"),
    citywide=True,
)
ROLES: Final = (OFFICER,)
