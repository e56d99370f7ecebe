"""Sites in the tables: read, changed and removed in the caller's transaction."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from city import revisions
from city.geography.errors import Fixed, Unknown
from city.geography.model import KOTA, Site
from city.geography.tables import marks, sites

_FIELDS: Final = Site.__struct_fields__
_SITES: Final = "sites"


def find(tx: Connection, site: str) -> Site | None:
    """One site, or None."""
    row = tx.execute(select(sites).where(sites.c.id == site)).mappings().one_or_none()
    return None if row is None else _site(row)


def every(tx: Connection) -> list[Site]:
    """All sites, in the order of their ids."""
    return sorted((_site(row) for row in tx.execute(select(sites)).mappings()), key=lambda site: site.id)


def mark(tx: Connection) -> int:
    """Grows with every change of any site."""
    return int(tx.execute(select(marks.c.revision).where(marks.c.name == _SITES)).scalar_one())


def put(tx: Connection, site: Site, *, seen: int | None, now: int) -> Site:
    """Keep a site that was checked; as it is now. Raises Outdated.

    `seen`: its revision as it was read, 0 for a new one, None for whatever it is.
    """
    _touch(tx)
    old = find(tx, site.id)
    revisions.check("site", site.id, seen=seen, now=0 if old is None else old.revision)
    new = msgspec.structs.replace(site, revision=1 if old is None else old.revision + 1, changed=now)
    values: dict[str, Any] = msgspec.to_builtins(new)
    if old is None:
        tx.execute(insert(sites).values(**values))
    else:
        tx.execute(update(sites).where(sites.c.id == site.id).values(**values))
    return new


def remove(tx: Connection, site: str, *, seen: int | None) -> Site:
    """Delete a site; as it was. Raises Unknown, Fixed, Outdated."""
    if site == KOTA:
        raise Fixed(site)
    _touch(tx)
    old = find(tx, site)
    if old is None:
        raise Unknown("site", site)
    revisions.check("site", site, seen=seen, now=old.revision)
    tx.execute(delete(sites).where(sites.c.id == site))
    return old


def _touch(tx: Connection) -> None:
    """Count a change; whoever changes sites waits here for the one before him."""
    tx.execute(update(marks).where(marks.c.name == _SITES).values(revision=marks.c.revision + 1))


def _site(row: RowMapping) -> Site:
    return msgspec.convert({name: row[name] for name in _FIELDS}, Site)
