"""Whose tables stand in the city's database, in the order in which they are made."""

from __future__ import annotations

from typing import Final

import alerts.cap.tables
import alerts.rulebook.tables
import alerts.tables
import city.audit.history
import city.disclosure.history
import city.documents.history
import city.files.history
import city.geography.history
import city.history
import city.idempotency.history
import city.identity.history
import city.imports.history
import city.notifications.history
import city.privacy.history
import city.protected.history
import city.schedule.history
import city.search.history
import city.webhooks.history
import devices.commands.history
import devices.history
import devices.presence.history
import devices.rollouts.history
import devices.shadow.history
import programmes.tangi.history
from city.db import History

HISTORIES: Final[tuple[History, ...]] = (
    city.history.HISTORY,
    city.audit.history.HISTORY,
    city.privacy.history.HISTORY,
    city.protected.history.HISTORY,
    city.identity.history.HISTORY,
    city.search.history.HISTORY,
    city.geography.history.HISTORY,
    city.disclosure.history.HISTORY,
    city.schedule.history.HISTORY,
    city.notifications.history.HISTORY,
    city.webhooks.history.HISTORY,
    city.idempotency.history.HISTORY,
    city.files.history.HISTORY,
    city.documents.history.HISTORY,
    city.imports.history.HISTORY,
    alerts.tables.HISTORY,
    alerts.cap.tables.HISTORY,
    alerts.rulebook.tables.HISTORY,
    devices.history.HISTORY,
    devices.presence.history.HISTORY,
    devices.commands.history.HISTORY,
    devices.shadow.history.HISTORY,
    devices.rollouts.history.HISTORY,
    programmes.tangi.history.HISTORY,
)
