"""The city's database: SQLite by default, PostgreSQL at work; tables kept up to date by migrations."""

from city.db.bell import Bell
from city.db.database import Database, Settings, new_or_nothing, notify
from city.db.lease import Lease
from city.db.migrate import History, check, upgrade
from city.db.schema import Instant, Json, metadata

__all__ = [
    "Bell",
    "Database",
    "History",
    "Instant",
    "Json",
    "Lease",
    "Settings",
    "check",
    "metadata",
    "new_or_nothing",
    "notify",
    "upgrade",
]
