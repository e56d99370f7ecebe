"""Who may hear of which events by webhook."""

from __future__ import annotations

from typing import Final

import alerts.routes
import programmes.tangi.roles

# Pattern of an event's type → permission to hear of it; what is not named leaves by no webhook.
HEARS: Final = {"alert.*": alerts.routes.READ, "incident.*": programmes.tangi.roles.READ}
