"""The groups that one transaction is about: who joins, who leaves, and how many people are told of."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from alerts.errors import NoGroup
from alerts.groups import model
from alerts.groups.model import WORST_FIRST, Group, Grouping, State, Storm
from alerts.tables import groups
from city import outbox
from contracts.alerts import Alert
from contracts.alerts import State as Stands
from contracts.instants import SECOND
from contracts.judgements import Severity
from runtime.ids import Factory

_RANK: Final = {severity: rank for rank, severity in enumerate(WORST_FIRST)}
_NOBODY: Final = len(WORST_FIRST)  # rank of what nobody was told yet
_COLUMNS: Final = tuple(column.name for column in groups.columns)


class Book(msgspec.Struct, kw_only=True):
    """One group while it changes."""

    row: dict[str, Any]
    new: bool = False
    fires: bool = False  # it began in this transaction, or became worse than what was acknowledged
    moved: bool = False


class Ledger:
    """Groups of one transaction. Call `close` before it ends."""

    def __init__(
        self, tx: Connection, *, now: int, ids: Factory, rules: tuple[Grouping, ...], storm: Storm
    ) -> None:
        self._tx = tx
        self._now = now
        self._ids = ids
        self._rules = rules
        self._storm = storm
        self._keys: dict[str, Book] = {}
        self._books: dict[str, Book] = {}

    def join(self, alert: Alert) -> str:
        """Id of the group to which an alert belongs that begins to fire."""
        rule = model.grouping(self._rules, alert)
        values = model.common(rule, alert)
        key = model.key(rule, values)
        book = self._keys.get(key)
        if book is None:
            query = select(groups).where(groups.c.key == key, groups.c.state == State.OPEN)
            row = self._tx.execute(query.with_for_update()).one_or_none()
            book = Book(row=_dict(row)) if row is not None else self._open(rule, values, key, alert)
            self._keys[key] = self._books[book.row["id"]] = book
        book.row["count"] += 1
        return str(book.row["id"])

    def may_tell(self, alert: Alert) -> bool:
        """Whether people are told of this one: of no more than a few in a span, unless it is worse."""
        if not alert.group or not self._storm.most:
            return True
        row = self._book(alert.group).row
        span = round(self._storm.span * SECOND)
        if not row["window"] <= self._now < row["window"] + span:
            row["window"], row["window_told"] = self._now, 0
        return bool(row["window_told"] < self._storm.most) or _RANK[alert.severity] < row["told_rank"]

    def moved(self, before: Alert | None, after: Alert) -> None:
        """An alert of a group is another than it was."""
        if not after.group or (before is not None and _same(before, after)):
            return
        book = self._book(after.group)
        row = book.row
        for alert, step in ((before, -1), (after, 1)):
            if alert is not None and alert.group and alert.state is Stands.FIRING:
                row["firing"] += step
                row[alert.severity.value] += step
                row["held"] += step * (alert.quiet is not None)
        if after.told is not None and (before is None or before.told is None):
            row["told"] += 1
            row["window_told"] += 1
            row["told_rank"] = min(row["told_rank"], _RANK[after.severity])
        if after.state is Stands.FIRING and _RANK[after.severity] < row["peak"]:
            row["peak"] = _RANK[after.severity]
            book.fires = True
            row["acknowledged"], row["acknowledged_by"], row["note"] = None, "", ""
        book.moved = True

    def acknowledge(self, group: str, *, by: str, note: str) -> Group:
        """Someone has all of it in hand."""
        book = self._book(group)
        book.row |= {"acknowledged_by": by, "acknowledged": self._now, "note": note}
        book.moved = True
        return _group(book.row)

    def get(self, group: str) -> Group:
        """A group as it is now. Raises NoGroup."""
        return _group(self._book(group).row)

    def empty(self) -> list[str]:
        """Groups of which nothing fires any more since this transaction."""
        return [
            id_
            for id_, book in self._books.items()
            if book.moved and not book.row["firing"] and book.row["state"] == State.OPEN
        ]

    def over(self, group: str) -> bool:
        """Close a group of which nothing fires; whether it is closed now."""
        book = self._book(group)
        if book.row["state"] == State.CLOSED or book.row["firing"]:
            return False
        book.row |= {"state": State.CLOSED, "closed": self._now}
        book.moved = True
        return True

    def close(self) -> list[Book]:
        """Write the groups that have changed and tell of them; those that changed."""
        changed = [book for book in self._books.values() if book.moved or book.new]
        for book in changed:
            self._write(book)
        self._books.clear()
        self._keys.clear()
        return changed

    def _open(self, rule: Grouping, values: dict[str, str], key: str, alert: Alert) -> Book:
        row: dict[str, Any] = dict.fromkeys(_COLUMNS, 0)
        row |= dict.fromkeys(("closed", "acknowledged"))
        row |= {
            "id": self._ids(),
            "key": key,
            "grouping": rule.name,
            "labels": values,
            "site": values.get("site", alert.site if rule.name == "alone" else ""),
            "rule": values.get("rule", alert.rule if rule.name == "alone" else ""),
            "state": State.OPEN,
            "peak": _NOBODY,
            "told_rank": _NOBODY,
            "first": self._now,
            "acknowledged_by": "",
            "note": "",
        }
        return Book(row=row, new=True)

    def _book(self, group: str) -> Book:
        book = self._books.get(group)
        if book is None:
            row = self._tx.execute(select(groups).where(groups.c.id == group).with_for_update()).one_or_none()
            if row is None:
                raise NoGroup(group)
            book = self._books[group] = Book(row=_dict(row))
            self._keys[book.row["key"]] = book
        return book

    def _write(self, book: Book) -> None:
        row = book.row
        now = max(self._now, row["last"])
        row |= {"revision": row["revision"] + 1, "last": now, "rank": _worst(row)}
        if book.new:
            self._tx.execute(insert(groups).values(row))
        else:
            self._tx.execute(update(groups).where(groups.c.id == row["id"]).values(row))
        closed = row["state"] == State.CLOSED
        what = "opened" if book.new else "closed" if closed else "updated"
        event = outbox.event(
            f"alert_group.{what}",
            id=self._ids(),
            source="/alerts",
            subject=row["id"],
            time=now,
            data=msgspec.to_builtins(_group(row)),
        )
        outbox.append(self._tx, event)


def _same(before: Alert, after: Alert) -> bool:
    """Whether a group does not see the difference."""
    return all(
        getattr(before, name) == getattr(after, name) for name in ("state", "severity", "quiet", "told")
    )


def rows(tx: Connection, query: Any) -> list[Group]:
    """Groups that a query over the table finds."""
    return [_group(_dict(row)) for row in tx.execute(query)]


def get(tx: Connection, group: str) -> Group:
    """One group. Raises NoGroup."""
    found = rows(tx, select(groups).where(groups.c.id == group))
    if not found:
        raise NoGroup(group)
    return found[0]


def _worst(row: dict[str, Any]) -> int:
    firing = [rank for rank, severity in enumerate(WORST_FIRST) if row[severity.value] > 0]
    return firing[0] if firing else min(int(row["peak"]), _NOBODY - 1)


def _group(row: dict[str, Any]) -> Group:
    fields = {name: row[name] for name in Group.__struct_fields__ if name != "severity"}
    severity: Severity = WORST_FIRST[_worst(row)]
    return msgspec.convert(fields | {"severity": severity}, Group)


def _dict(row: Row[Any]) -> dict[str, Any]:
    return dict(row._mapping)  # noqa: SLF001 - public by its documentation
