"""Tables of the embedded file, and the steps that bring an older file up to date."""

from __future__ import annotations

from typing import Final

import duckdb

from contracts.instants import DAY, HOUR, MINUTE
from store import errors

ROLLUPS: Final = {
    MINUTE: "rollup_minute",
    15 * MINUTE: "rollup_quarter",
    HOUR: "rollup_hour",
    DAY: "rollup_day",
}

_FIRST: Final = (
    # No keys on what grows: they cost 5 times the write rate and double the size; the writer keeps it unique.
    """CREATE TABLE series (
        id INTEGER NOT NULL, site VARCHAR NOT NULL, kind VARCHAR NOT NULL, device VARCHAR NOT NULL,
        metric VARCHAR NOT NULL, instance VARCHAR NOT NULL, unit VARCHAR NOT NULL)""",
    "CREATE TABLE samples (series INTEGER NOT NULL, ts BIGINT NOT NULL, number DOUBLE NOT NULL)",
    """CREATE TABLE others (
        series INTEGER NOT NULL, ts BIGINT NOT NULL, text VARCHAR, flag BOOLEAN, data BLOB)""",
    # Hours of a series that changed after they were rolled up, or never were.
    "CREATE TABLE marks (seq BIGINT NOT NULL, series INTEGER NOT NULL, hour BIGINT NOT NULL)",
    "CREATE TABLE day_marks (series INTEGER NOT NULL, day BIGINT NOT NULL)",
    """CREATE TABLE latest (
        series INTEGER NOT NULL, ts BIGINT NOT NULL, number DOUBLE, text VARCHAR, flag BOOLEAN, data BLOB)""",
    "CREATE TABLE sorted_days (day BIGINT NOT NULL, samples BIGINT NOT NULL)",
    "CREATE TABLE floors (channel VARCHAR NOT NULL, before BIGINT NOT NULL)",
    *(
        f"""CREATE TABLE {table} (series INTEGER NOT NULL, ts BIGINT NOT NULL, count BIGINT NOT NULL,
            sum DOUBLE NOT NULL, min DOUBLE NOT NULL, max DOUBLE NOT NULL,
            p50 DOUBLE NOT NULL, p95 DOUBLE NOT NULL, p99 DOUBLE NOT NULL)"""
        for table in ROLLUPS.values()
    ),
    # Ledger: deltas are appended and summed when read; upkeep folds them.
    """CREATE TABLE streams (
        id INTEGER NOT NULL, site VARCHAR NOT NULL, kind VARCHAR NOT NULL, device VARCHAR NOT NULL,
        channel VARCHAR NOT NULL)""",
    """CREATE TABLE received (
        stream INTEGER NOT NULL, epoch BIGINT NOT NULL, first BIGINT NOT NULL, last BIGINT NOT NULL)""",
    """CREATE TABLE counts (
        stream INTEGER NOT NULL, hour BIGINT NOT NULL, received BIGINT NOT NULL, stored BIGINT NOT NULL,
        dead BIGINT NOT NULL, duplicated BIGINT NOT NULL, unsequenced BIGINT NOT NULL)""",
    """CREATE TABLE tallies (
        stream INTEGER NOT NULL, hour BIGINT NOT NULL, recorded BIGINT NOT NULL, sent BIGINT NOT NULL,
        shed BIGINT NOT NULL, epoch BIGINT NOT NULL, time BIGINT NOT NULL)""",
    """CREATE TABLE spools (
        device VARCHAR NOT NULL, epoch BIGINT NOT NULL, time BIGINT NOT NULL, spooled BIGINT NOT NULL,
        oldest BIGINT NOT NULL)""",
    """CREATE TABLE gaps (
        stream INTEGER NOT NULL, epoch BIGINT NOT NULL, first BIGINT NOT NULL, last BIGINT NOT NULL,
        reason VARCHAR NOT NULL)""",
    """CREATE TABLE dead_letters (
        id VARCHAR NOT NULL, charged BLOB NOT NULL, letter BLOB NOT NULL, replayed BIGINT)""",
    "CREATE TABLE state (key VARCHAR PRIMARY KEY, value BLOB NOT NULL)",
)
_STRAYS: Final = (
    # Batches given up that may come all the same, by the tally (epoch, time) that told of them.
    """CREATE TABLE strays (
        stream INTEGER NOT NULL, hour BIGINT NOT NULL, epoch BIGINT NOT NULL, time BIGINT NOT NULL,
        started BIGINT NOT NULL, first BIGINT NOT NULL, last BIGINT NOT NULL, each BIGINT NOT NULL)""",
)
_VISITORS: Final = (
    # Sketches that wait to be merged, and the same merged by site, hour and key: store.visitors.shelf.
    "CREATE TABLE sketches (id BIGINT NOT NULL, device VARCHAR NOT NULL, value BLOB NOT NULL)",
    """CREATE TABLE visitors (
        site VARCHAR NOT NULL, subject VARCHAR NOT NULL, start BIGINT NOT NULL, key VARCHAR NOT NULL,
        day VARCHAR NOT NULL, body BLOB NOT NULL, devices VARCHAR NOT NULL, due INTEGER NOT NULL,
        version BIGINT NOT NULL)""",
)
_STEPS: Final = (
    _FIRST,
    _STRAYS,
    _VISITORS,
)  # step i brings version i to i + 1; never edited after a release, only added to


def bring_up_to_date(connection: duckdb.DuckDBPyConnection, path: str) -> None:
    """Create or migrate the tables in one transaction. Raises Gone for a file of a newer version."""
    connection.begin()
    try:
        connection.execute("CREATE TABLE IF NOT EXISTS version (version INTEGER NOT NULL)")
        row = connection.execute("SELECT max(version) FROM version").fetchone()
        version: int = row[0] if row and row[0] is not None else 0
        if version > len(_STEPS):
            raise errors.Gone(
                f"{path} was written by a newer version of this software",
                cure=f"install that version again (file: {version}, here: {len(_STEPS)})",
            )
        for step in _STEPS[version:]:
            for statement in step:
                connection.execute(statement)
        if version < len(_STEPS):
            connection.execute("DELETE FROM version")
            connection.execute("INSERT INTO version VALUES (?)", [len(_STEPS)])
    except BaseException:  # also a kill or a cancel: undo it, then on it goes
        connection.rollback()
        raise
    connection.commit()
