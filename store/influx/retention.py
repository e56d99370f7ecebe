"""Removing what is older than its policy, after it was rolled up."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.instants import DAY, HOUR, floor
from contracts.series import Selector
from store.influx import ql
from store.influx.http import Server
from store.influx.lines import Writer
from store.influx.marks import Marks
from store.port import Kept, Policy, channel


class Retention:
    """Run by one process at a time."""

    def __init__(self, server: Server, marks: Marks, writer: Writer) -> None:
        self._server = server
        self._marks = marks
        self._writer = writer

    def run(self, policies: Sequence[Policy], now: int) -> tuple[Kept, ...]:
        """Remove what is due; the roll-ups must be up to date."""
        (tables,) = self._server.query("SHOW MEASUREMENTS")
        names = [str(row[0]) for table in tables for row in table.values]
        return tuple(self._one(policy, names, now) for policy in policies)

    def _one(self, policy: Policy, names: list[str], now: int) -> Kept:
        # Whole days, so that no roll-up's bucket is ever half gone; probes are not rolled up.
        before = floor(now - policy.keep, HOUR if policy.channel == "probe" else DAY)
        if policy.channel == "rollup":
            suffix = f"_{ql.LABELS[policy.level]}"
            measurements = [name for name in names if name.endswith(suffix)]
        else:
            measurements = [name for name in names if "_" not in name and channel(name) == policy.channel]
            floored = self._marks.state().get(f"floor_{policy.channel}", 0)
            if policy.channel == "telemetry":  # what changed just now is rolled up first, by the next run
                waiting = self._marks.read(Selector(), floored, before)
                before = min([before, *(floor(mark.hour, DAY) for mark in waiting)])
            if before > floored:
                self._marks.remember(f"floor_{policy.channel}", before)
        due = gone = 0
        for name in measurements:
            count = self._count(name, before)
            if count:
                self._server.query(f"DELETE FROM {ql.identifier(name)} WHERE time < {before}u")
                due += count
                gone += count - self._count(name, before)
        return Kept(channel=policy.channel, level=policy.level, before=before, due=due, gone=gone)

    def _count(self, name: str, before: int) -> int:
        """Points before an instant; those with a number and another value, one of them overwritten, once."""
        where = f"FROM {ql.identifier(name)} WHERE time < {before}u"
        if "_" in name:
            return self._sum(f'SELECT count("count") {where}')
        numbers = self._sum(f"SELECT count(v) {where}")
        if name not in self._writer.typed:
            return numbers
        return (
            numbers
            + self._sum(f"SELECT count(k) {where}")
            - self._sum(f"SELECT count(v) {where} AND k =~ /./")
        )

    def _sum(self, query: str) -> int:
        (tables,) = self._server.query(query)
        return sum(int(row[1]) for table in tables for row in table.values)
