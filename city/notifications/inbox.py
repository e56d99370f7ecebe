"""A person's inbox: what he was told, in his language, read or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, func, select, update

from city.notifications import render
from city.notifications.asking import KIND
from city.notifications.errors import Unknown
from city.notifications.model import Channel, Item, Receipt
from city.notifications.tables import deliveries, notices
from city.notifications.templates import Catalogue
from city.privacy import Vault
from city.schedule.opaque import Value

MOST: Final = 200  # items of a page


class Inbox:
    """Reads and marks notices. A call takes part in the caller's transaction."""

    def __init__(self, catalogue: Catalogue, *, zone: ZoneInfo, vault: Vault | None = None) -> None:
        self._catalogue = catalogue
        self._zone = zone
        self._vault = vault

    def page(
        self,
        tx: Connection,
        person: str,
        *,
        language: str,
        name: str = "",
        before: str = "",
        limit: int = 50,
        unread: bool = False,
    ) -> list[Item]:
        """Newest first; `before`: id of the last item of the page before; `unread`: only those not read."""
        query = select(notices).where(notices.c.person == person, notices.c.inbox.is_(True))
        if unread:
            query = query.where(notices.c.read.is_(None))
        if before:
            query = query.where(notices.c.id < before)
        rows = tx.execute(query.order_by(notices.c.id.desc()).limit(min(limit, MOST))).all()
        values = opened(tx, rows, self._vault)
        return [self._item(row, values[row.id], language, name) for row in rows]

    def unread(self, tx: Connection, person: str) -> int:
        """How many he has not read."""
        mine = (notices.c.person == person) & notices.c.inbox.is_(True) & notices.c.read.is_(None)
        return int(tx.execute(select(func.count()).select_from(notices).where(mine)).scalar_one())

    def read(self, tx: Connection, person: str, notice: str, *, now: int) -> str:
        """He has read one, and the first time counts; where he may read on, empty where nowhere.

        Raises Unknown: also where it is somebody else's.
        """
        mine = (notices.c.id == notice) & (notices.c.person == person) & notices.c.inbox.is_(True)
        row = tx.execute(select(notices).where(mine)).one_or_none()
        if row is None:
            raise Unknown("notice", notice)
        tx.execute(update(notices).where(mine, notices.c.read.is_(None)).values(read=now))
        return render.path_of(self._catalogue.get(row.template, row.version), row.data)

    def read_all(self, tx: Connection, person: str, *, upto: str, now: int) -> int:
        """He has read all up to and with one: not what came while he looked. How many."""
        mine = (notices.c.person == person) & notices.c.inbox.is_(True) & notices.c.read.is_(None)
        return tx.execute(update(notices).where(mine, notices.c.id <= upto).values(read=now)).rowcount

    def _item(self, row: Row[Any], values: Mapping[str, Value], language: str, name: str) -> Item:
        template = self._catalogue.get(row.template, row.version)
        words = render.message(template, values, language=language, zone=self._zone, name=name)
        return Item(
            id=row.id,
            topic=row.topic,
            title=words.title,
            text=words.text,
            path=render.path_of(template, values),
            urgent=row.urgent,
            asked=row.asked,
            read=row.read,
        )


def opened(
    tx: Connection, rows: Sequence[Row[Any]], vault: Vault | None
) -> Mapping[str, Mapping[str, Value]]:
    """Placeholders of notices by id; without what was erased, or cannot be opened here."""
    ids = [row.id for row in rows if row.private]
    private = vault.open_many(tx, KIND, ids) if vault and ids else {}
    return {row.id: {**row.data, **private.get(row.id, {})} for row in rows}


def receipts(tx: Connection, notice: str) -> list[Receipt]:
    """What became of a notice on each channel, for whoever asked. Raises Unknown."""
    row = tx.execute(select(notices).where(notices.c.id == notice)).one_or_none()
    if row is None:
        raise Unknown("notice", notice)
    found = []
    if row.inbox:
        state = "sent" if row.read is None else "read"
        found.append(
            Receipt(
                channel=Channel.INBOX,
                state=state,
                sent=row.asked if row.read is None else row.read,
                changed=row.read or row.asked,
            )
        )
    query = select(deliveries).where(deliveries.c.notice == notice).order_by(deliveries.c.id)
    found += [
        Receipt(
            channel=one.channel,
            state=one.state,
            attempts=one.attempts,
            provider=one.provider,
            error=one.error,
            next=one.wake,
            sent=one.sent,
            changed=one.changed,
        )
        for one in tx.execute(query)
    ]
    if row.wake is not None:  # not planned yet
        found += [
            Receipt(channel=name, state="queued", next=row.wake)
            for name in row.channels
            if name != Channel.INBOX
        ]
    return found
