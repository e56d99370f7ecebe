"""What was said in CAP, and how each hazard stands."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from city.db import History
from city.db.schema import Instant, metadata

hazards: Final = Table(
    "alerts_cap_hazards",
    metadata,
    Column("hazard", String(64), primary_key=True),  # fingerprint of its alerts
    Column("alert", String(36), nullable=False),  # the newest of them
    Column("first", Integer, nullable=False),  # number of the message with which its present life began
    Column("number", Integer, nullable=False),  # of its newest message
    Column("identifier", String(64), nullable=False),  # of that one
    Column("sent", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
    Column("live", Boolean(create_constraint=False), nullable=False),
    Column("mark", String(32), nullable=False),  # of what must be said at once when it changes
    Column("stale", Boolean(create_constraint=False), nullable=False),  # figures have changed since
)
Index("ix_alerts_cap_hazards_live", hazards.c.live, hazards.c.sent)

messages: Final = Table(
    "alerts_cap_messages",
    metadata,
    Column("identifier", String(64), primary_key=True),
    Column("hazard", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("alert", String(36), nullable=False),
    Column("kind", String(8), nullable=False),  # contracts.cap.Kind
    Column("sent", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
    Column("content", Text, nullable=False),  # the XML, as it was said
)
Index("ix_alerts_cap_messages_hazard", messages.c.hazard, messages.c.number, unique=True)
Index("ix_alerts_cap_messages_alert", messages.c.alert, messages.c.number)
Index("ix_alerts_cap_messages_sent", messages.c.sent)

HISTORY: Final = History(name="alerts_cap", folder=Path(__file__).parent, tables=(hazards, messages))
