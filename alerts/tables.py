"""Tables of alerts in the city's database."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from city.db import History
from city.db.schema import Instant, Json, Serial, metadata

alerts: Final = Table(
    "alerts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("rule", String(64), nullable=False),
    Column("rule_hash", String(64), nullable=False),
    Column("site", String(64), nullable=False),
    Column("device", String(64), nullable=False),
    Column("labels", Json, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("rank", Integer, nullable=False),  # of the severity: 0 is the worst
    Column("title", Json, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("started", Instant, nullable=False),
    Column("updated", Instant, nullable=False),
    Column("fired", Instant),  # when others first heard of it
    Column("resolved", Instant),
    Column("acknowledged_by", String(200), nullable=False),
    Column("acknowledged", Instant),
    Column("silenced_until", Instant),
    Column("incident", Boolean(create_constraint=False), nullable=False),
    Column("probe", Boolean(create_constraint=False), nullable=False),
    Column("quiet", String(16)),
    Column("told", Instant),
    Column("silence", String(36), nullable=False),
    Column("inhibited_by", String(36), nullable=False),
    Column("maintenance_until", Instant),
    Column("group", String(36), nullable=False),
    Column("grouped", Boolean(create_constraint=False), nullable=False),
    Column("flapping", Boolean(create_constraint=False), nullable=False),
    Column("cleared", Instant),
)
open_: Final = (alerts.c.state != "resolved") & alerts.c.probe.is_(False)
Index("ix_alerts_open", alerts.c.fingerprint, unique=True, sqlite_where=open_, postgresql_where=open_)
Index("ix_alerts_group", alerts.c.group, alerts.c.id)
_hidden: Final = open_ & alerts.c.quiet.is_not(None)
Index("ix_alerts_rule", alerts.c.rule, alerts.c.site, alerts.c.id, sqlite_where=open_, postgresql_where=open_)
Index(
    "ix_alerts_quiet", alerts.c.silence, alerts.c.inhibited_by, sqlite_where=_hidden, postgresql_where=_hidden
)
Index("ix_alerts_state", alerts.c.state, alerts.c.rank, alerts.c.started)
Index("ix_alerts_updated", alerts.c.updated)

history: Final = Table(
    "alerts_history",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("alert", String(36), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("time", Instant, nullable=False),
    Column("outcome", String(16), nullable=False),  # model.lifecycle.Outcome
    Column("severity", String(16), nullable=False),
    Column("by", String(200), nullable=False),  # person, or producer of the judgement
    Column("note", Text, nullable=False),
    Column("evidence", Json),
)
Index("ix_alerts_history_alert", history.c.alert, history.c.id)

judgements: Final = Table(
    "alerts_judgements",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("alert", String(36), nullable=False),  # empty where no alert came of it
    Column("outcome", String(16), nullable=False),
    Column("received", Instant, nullable=False),
    Column("probe", Boolean(create_constraint=False), nullable=False),
)
Index("ix_alerts_judgements_received", judgements.c.received)

marks: Final = Table(
    "alerts_marks",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("stream", String(140), nullable=False),  # place of the newest judgement applied
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("judged", Instant, nullable=False),
    Column("time", Instant, nullable=False),
    Column("touched", Instant, nullable=False),
    Column("opened", Json),  # when alerts of it began of late, µs UTC
)
Index("ix_alerts_marks_touched", marks.c.touched)

refused: Final = Table(
    "alerts_refused",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("received", Instant, nullable=False),
    Column("topic", String(300), nullable=False),
    Column("properties", Json, nullable=False),
    Column("payload", LargeBinary, nullable=False),  # its first 64 KiB
    Column("field", String(120), nullable=False),
    Column("value", String(200), nullable=False),
    Column("reason", Text, nullable=False),
)
Index("ix_alerts_refused_received", refused.c.received)

silences: Final = Table(
    "alerts_silences",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("matchers", Json, nullable=False),
    Column("starts", Instant, nullable=False),
    Column("ends", Instant, nullable=False),
    Column("until_resolved", Boolean(create_constraint=False), nullable=False),
    Column("by", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("created", Instant, nullable=False),
    Column("updated", Instant, nullable=False),
    Column("ended", Instant),
    Column("ended_by", String(200), nullable=False),
)
Index("ix_alerts_silences_ended", silences.c.ended, silences.c.ends)

groups: Final = Table(
    "alerts_groups",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("key", String(32), nullable=False),  # the same in each life of the group
    Column("grouping", String(64), nullable=False),
    Column("labels", Json, nullable=False),
    Column("site", String(64), nullable=False),
    Column("rule", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("rank", Integer, nullable=False),  # of the worst that fires, or there was: 0 is the worst
    Column("peak", Integer, nullable=False),  # of the worst there was
    Column("told_rank", Integer, nullable=False),  # of the worst of which people were told
    Column("count", Integer, nullable=False),
    Column("firing", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("told", Integer, nullable=False),
    Column("extreme", Integer, nullable=False),  # of those that fire, by severity
    Column("severe", Integer, nullable=False),
    Column("moderate", Integer, nullable=False),
    Column("minor", Integer, nullable=False),
    Column("window", Instant, nullable=False),  # since when `window_told` counts
    Column("window_told", Integer, nullable=False),
    Column("first", Instant, nullable=False),
    Column("last", Instant, nullable=False),
    Column("closed", Instant),
    Column("acknowledged_by", String(200), nullable=False),
    Column("acknowledged", Instant),
    Column("note", Text, nullable=False),
)
_living: Final = groups.c.state == "open"
Index("ix_alerts_groups_key", groups.c.key, unique=True, sqlite_where=_living, postgresql_where=_living)
Index("ix_alerts_groups_state", groups.c.state, groups.c.rank, groups.c.id)

HISTORY: Final = History(
    name="alerts",
    folder=Path(__file__).parent,
    tables=(alerts, history, judgements, marks, refused, silences, groups),
)
