"""From what an app shows to a caller, and tokens for keys (OAuth 2). Calls block: use a thread."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, select, update

from city.db import Database
from city.identity import apps, grants, keys, opaque
from city.identity.caller import Caller, Kind
from city.identity.errors import BadSignIn
from city.identity.keys import Key, Token
from city.identity.quotas import Quotas
from city.identity.roles import ANONYMOUS, Catalogue
from city.identity.settings import Settings
from city.identity.tables import doors
from city.identity.tree import Trees
from contracts.errors import Refused
from contracts.instants import SECOND
from runtime.clock import Clock
from runtime.ids import Factory

_TOUCH = 60 * SECOND  # a use is written down this often at most


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of the token endpoint (RFC 6749 5.1)."""

    access_token: str
    token_type: str
    expires_in: int  # seconds
    scope: str  # permissions, separated by spaces

    def __repr__(self) -> str:
        return f"Issued(scope={self.scope!r}, expires_in={self.expires_in})"  # a log may show it


class Bearers:
    """Says whom a key or token stands for."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        ids: Factory,
        catalogue: Catalogue,
        trees: Trees,
        settings: Settings,
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._catalogue = catalogue
        self._trees = trees
        self._settings = settings
        self._quotas = Quotas(db, clock=clock)

    def caller(self, secret: str) -> Caller | None:
        """The app that shows this key or token; None where it opens nothing. Raises OverQuota."""
        now = self._clock.now()
        with self._db.read() as tx:
            key, scopes, session = self._found(tx, secret, now)
            caller = self._caller(tx, key, scopes, session, now) if key else None
        if key is None or caller is None:
            return None
        self._quotas.spend(key)
        if key.used is None or not 0 <= now - key.used < _TOUCH:
            with self._db.begin() as tx:
                tx.execute(update(doors.keys).where(doors.keys.c.id == key.id).values(used=now))
        return caller

    def issue(self, client: str, secret: str, scope: str = "") -> Issued:
        """A token for an app's id and key; no scope named means all of the key's.

        Raises BadSignIn, Refused where the key has not all the scopes, OverQuota.
        """
        now = self._clock.now()
        with self._db.read() as tx:
            key = keys.shown(tx, secret, now)
            known = key is not None and opaque.same(key.app, client) and self._active(tx, key.app)
        if key is None or not known:
            raise BadSignIn
        scopes = tuple(sorted(set(scope.split()))) or key.scopes
        if beyond := set(scopes) - set(key.scopes):
            raise Refused("scope", " ".join(sorted(beyond)), "the key does not have it")
        self._quotas.spend(key)
        lasts = min(round(self._settings.token * SECOND), key.expires - now)
        token = Token(id=self._ids(), key=key.id, scopes=scopes, created=now, expires=now + lasts)
        with self._db.begin() as tx:
            access = keys.issue(tx, token)
            tx.execute(update(doors.keys).where(doors.keys.c.id == key.id).values(used=now))
        return Issued(
            access_token=access,
            token_type="Bearer",  # noqa: S106 - the word
            expires_in=lasts // SECOND,
            scope=" ".join(scopes),
        )

    def _found(self, tx: Connection, secret: str, now: int) -> tuple[Key | None, tuple[str, ...], str]:
        """Key, scopes and id of what was shown."""
        if secret.startswith(keys.TOKEN):
            found = keys.token(tx, secret, now)
            return (found[1], found[0].scopes, found[0].id) if found else (None, (), "")
        key = keys.shown(tx, secret, now) if secret.startswith(keys.KEY) else None
        return (key, key.scopes, key.id) if key else (None, (), "")

    def _caller(
        self, tx: Connection, key: Key, scopes: tuple[str, ...], session: str, now: int
    ) -> Caller | None:
        row = tx.execute(select(doors.apps).where(doors.apps.c.id == key.app)).one()
        if row.state != apps.ACTIVE:
            return None
        given = grants.held(tx, row.id, now)
        covered = grants.covered(given, self._trees.newest(tx)) if given else ()
        reach = self._catalogue.reach(covered, held=(ANONYMOUS,), staff=True)
        return Caller(
            kind=Kind.APP,
            id=row.id,
            name=row.name,
            grants=tuple(grant for grant, _ in covered),
            strong=True,
            session=session,
            reach={permission: reach[permission] for permission in scopes if permission in reach},
        )

    def _active(self, tx: Connection, app: str) -> bool:
        state = tx.execute(select(doors.apps.c.state).where(doors.apps.c.id == app)).scalar_one()
        return bool(state == apps.ACTIVE)
