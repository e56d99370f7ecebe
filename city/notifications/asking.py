"""Ask that someone be told, in the caller's transaction."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from city.db import notify
from city.notifications.errors import NoVault
from city.notifications.model import SENT_OUT, Channel, Notice
from city.notifications.tables import notices
from city.notifications.templates import Catalogue, Kind, Template
from city.privacy import Vault
from city.privacy.errors import Erased
from city.schedule import opaque
from contracts.errors import Refused
from runtime.clock import Clock
from runtime.ids import Factory

ASKED: Final = "imm_notices_asked"  # bell: there is something to send
KIND: Final = "notifications.notice"  # of the records that the vault keeps for us


class Notices:
    """Where packages ask."""

    def __init__(
        self, catalogue: Catalogue, *, clock: Clock, ids: Factory, vault: Vault | None = None
    ) -> None:
        self.catalogue = catalogue
        self._clock = clock
        self._ids = ids
        self._vault = vault

    def ask(self, tx: Connection, notice: Notice) -> str:
        """Have a person told; the id of the notice, that of the first where this key was asked before.

        Nothing leaves before the transaction has committed. Raises Unknown (template), Refused, NoVault.
        """
        template = self.catalogue.newest(notice.template)
        _fits(template, notice)
        id_ = self._ids()
        now = self._clock.now()
        channels = notice.channels or template.channels
        values = {
            "id": id_,
            "person": opaque.text("person", notice.person),
            "topic": template.topic,
            "template": template.name,
            "version": template.version,
            "data": opaque.payload("data", notice.data),
            "private": bool(notice.private),
            "channels": list(channels),
            "reach": template.reach,
            "urgent": template.urgent if notice.urgent is None else notice.urgent,
            "key": opaque.text("key", notice.key) or None,
            "asked": now,
            "expires": notice.expires,
            "wake": now if set(channels) & set(SENT_OUT) else None,
            "inbox": Channel.INBOX in channels,
        }
        build = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
        new = build(notices).values(values).on_conflict_do_nothing().returning(notices.c.id)
        if tx.execute(new).scalar_one_or_none() is None:
            same = (notices.c.person == notice.person) & (notices.c.key == notice.key)
            return str(tx.execute(select(notices.c.id).where(same)).scalar_one())
        if notice.private:
            self._seal(tx, id_, notice)
        notify(tx, ASKED)
        return id_

    def _seal(self, tx: Connection, id_: str, notice: Notice) -> None:
        if self._vault is None:
            raise NoVault
        try:
            self._vault.seal(
                tx, kind=KIND, record=id_, subject=subject(notice.person), fields=dict(notice.private)
            )
        except Erased:
            return  # of the person: nobody will be told, and the caller's work goes on


def subject(person: str) -> str:
    """Whose data it is: a person's; what a unit is told is nobody's."""
    return "" if person.startswith("unit:") else person


def _fits(template: Template, notice: Notice) -> None:
    """The notice brings just what the template asks for. Raises Refused."""
    private = {name for name, kind in template.placeholders.items() if kind == Kind.PRIVATE}
    open_ = template.placeholders.keys() - private
    for field, given, wanted in (("data", notice.data, open_), ("private", notice.private, private)):
        if given.keys() != wanted:
            odd = sorted(given.keys() ^ wanted)
            raise Refused(
                field, ", ".join(odd), f"{template.name} takes {', '.join(sorted(wanted)) or 'nothing'}"
            )
