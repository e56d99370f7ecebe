"""One-time links: the way in for who has no password or factor yet, or none any more."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection, insert, select, update

from city.identity import opaque
from city.identity.tables.factors import links
from contracts.instants import SECOND

PATH: Final = "/link/"  # before the token, in the address that people get


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link for one person, shown once."""

    token: str
    person: str
    expires: int  # µs UTC

    def address(self, base: str) -> str:
        """What to open in a browser."""
        return f"{base.rstrip('/')}{PATH}{self.token}"


def make(tx: Connection, person: str, *, id: str, by: str, now: int, seconds: float) -> Link:  # noqa: A002 - of the row
    """A new link; older ones of the same person no longer work."""
    withdraw(tx, person, now)
    link = Link(token=opaque.new(), person=person, expires=now + round(seconds * SECOND))
    row = {"id": id, "hash": opaque.digest(link.token), "person": person, "made_by": by}
    tx.execute(insert(links).values(**row, created=now, expires=link.expires))
    return link


def withdraw(tx: Connection, person: str, now: int) -> None:
    """Make sure that no link of a person works any more."""
    tx.execute(update(links).where(links.c.person == person, links.c.used.is_(None)).values(used=now))


def stands(tx: Connection, token: str, now: int) -> bool:
    """Whether a link could be used now; looking does not use it, since mail programs look."""
    query = select(links.c.id).where(
        links.c.hash == opaque.digest(token), links.c.used.is_(None), links.c.expires > now
    )
    return tx.execute(query).one_or_none() is not None


def take(tx: Connection, token: str, now: int) -> str | None:
    """Use a link: id of its person for one of all who try, None for the others."""
    mine = (links.c.hash == opaque.digest(token)) & links.c.used.is_(None) & (links.c.expires > now)
    taken: str | None = tx.execute(
        update(links).where(mine).values(used=now).returning(links.c.person)
    ).scalar_one_or_none()
    return taken
