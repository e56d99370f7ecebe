"""Roles of the platform that packages fill with permissions of their own, besides those of city.identity."""

from __future__ import annotations

from typing import Final

from city.identity.roles import OPERATOR, PLATFORM, Role
from contracts.judgements import Text

FIGURES: Final = "platform.figures.read"
VIEWER: Final = Role(
    name="viewer",
    programme=PLATFORM,
    permissions=(FIGURES,),
    title=Text(id="Pengamat", en="Viewer"),
)
ROLES: Final = (VIEWER, OPERATOR.plus(FIGURES))  # what the shell's own routes need
