"""Sites of the city changed: put on the map, moved, taken off it, and noted in the trail. Calls block."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from city.audit import Entry, Trail
from city.db import Database
from city.geography import KOTA, Atlas, Site, sites
from city.geography.errors import Fixed, Unknown
from city.identity.caller import Caller
from city.identity.roles import OPERATOR

MANAGE: Final = "geography.sites.manage"
ROLES: Final = (OPERATOR.plus(MANAGE),)
_FIELDS: Final = ("title", "longitude", "latitude", "kelurahan")


class Surveyor:
    """Whoever may manage sites, at work."""

    def __init__(self, atlas: Atlas, db: Database, trail: Trail) -> None:
        self.atlas = atlas
        self._db = db
        self._trail = trail

    def add(self, tx: Connection, by: Caller, site: Site) -> Site:
        """A new one. Raises Refused, Fixed, Outdated where there is one of this id."""
        if site.id == KOTA:
            raise Fixed(site.id)
        kept = self.atlas.put(tx, site, seen=0)
        self._note(tx, by, "added", site.id, _FIELDS)
        return kept

    def change(self, by: Caller, site: str, seen: int | None, values: dict[str, Any]) -> Site:
        """Change what is given. `seen`: as in Atlas.put. Raises Unknown, Fixed, Refused, Outdated."""
        if site == KOTA:
            raise Fixed(site)
        with self._db.begin() as tx:
            old = sites.find(tx, site)
            if old is None:
                raise Unknown("site", site)
            new = msgspec.structs.replace(old, **values)
            kept = self.atlas.put(tx, new, seen=old.revision if seen is None else seen)
            self._note(tx, by, "changed", site, tuple(values))
        return kept

    def remove(self, by: Caller, site: str, seen: int | None, why: str = "") -> None:
        """Take one off the map. Raises Unknown, Fixed, Outdated."""
        with self._db.begin() as tx:
            self.atlas.remove(tx, site, seen=seen)
            self._note(tx, by, "removed", site, why=why)

    def _note(
        self, tx: Connection, by: Caller, action: str, site: str, fields: tuple[str, ...] = (), why: str = ""
    ) -> None:
        entry = Entry(
            by=by.id, action=f"site.{action}", kind="geography.site", record=site, fields=fields, why=why
        )
        self._trail.note(tx, entry)
