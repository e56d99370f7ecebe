"""What one can be on this platform: the roles that the packages bring, for whoever gives them."""

from __future__ import annotations

from typing import Final

import alerts.routes
import alerts.rulebook.rights
import console.roles
import devices.control.wiring
import devices.roles
import programmes.tangi.roles
import web.admin.surveyor
import web.notices.roles
import web.operations.roles
import web.rights.roles
import web.roles
import web.webhooks
from city.identity.roles import Role

ROLES: Final[tuple[Role, ...]] = (
    *web.roles.ROLES,
    *web.admin.surveyor.ROLES,
    *web.notices.roles.ROLES,
    *web.operations.roles.ROLES,
    *web.rights.roles.ROLES,
    *web.webhooks.ROLES,
    *console.roles.ROLES,
    *devices.roles.ROLES,
    *devices.control.wiring.ROLES,
    *programmes.tangi.roles.ROLES,
    *alerts.routes.ROLES,
    *alerts.rulebook.rights.ROLES,
)
