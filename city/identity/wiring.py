"""Identities put together, for app to hand to whoever needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from city.audit import Trail
from city.db import Database
from city.identity import errors
from city.identity.addresses import Addresses
from city.identity.apps import Apps
from city.identity.bearers import Bearers
from city.identity.codes import Codes
from city.identity.credentials import Credentials
from city.identity.doors import Doors
from city.identity.grants import Grants
from city.identity.keeper import Keeper
from city.identity.notes import Notes
from city.identity.oidc import Accounts
from city.identity.onetime import OneTime
from city.identity.passkeys import Passkeys
from city.identity.passwords import Hasher
from city.identity.people import People
from city.identity.ports import Sender
from city.identity.recovery import Recoveries
from city.identity.roles import ROLES, Catalogue, Role
from city.identity.seals import Sealer
from city.identity.settings import Settings
from city.identity.signin import SignIn
from city.identity.subjects import Subjects
from city.identity.totp import Authenticators
from city.identity.tree import Trees
from city.identity.units import Units
from city.privacy import Hook, Vault
from runtime.clock import Clock
from runtime.ids import Factory

KNOWN: Final[Mapping[type[Exception], int]] = {
    errors.BadSignIn: 401,
    errors.Again: 403,
    errors.Forbidden: 403,
    errors.Unknown: 404,
    errors.NotNow: 409,
    errors.Taken: 409,
    errors.Stale: 412,
    errors.TooMany: 429,
    errors.OverQuota: 429,
    errors.Busy: 503,
    errors.Unsent: 503,
}


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who there is, and how they come in."""

    settings: Settings
    catalogue: Catalogue
    units: Units
    people: People
    grants: Grants
    signin: SignIn
    passkeys: Passkeys
    authenticators: Authenticators
    recoveries: Recoveries
    credentials: Credentials
    codes: Codes
    addresses: Addresses
    accounts: Accounts
    doors: Doors
    apps: Apps
    bearers: Bearers
    keeper: Keeper
    subjects: Subjects
    hook: Hook


def wire(
    db: Database,
    *,
    clock: Clock,
    ids: Factory,
    vault: Vault,
    trail: Trail,
    sender: Sender,
    settings: Settings,
    roles: Iterable[Role] = (),
) -> Identity:
    """Identities on this database; `roles`: what other packages bring. Raises Clash, Refused."""
    catalogue = Catalogue((*ROLES, *roles))
    trees = Trees()
    notes = Notes(trail)
    sealer = Sealer(vault)
    hasher = Hasher(settings.passwords)
    signin = SignIn(db, clock=clock, ids=ids, sealer=sealer, notes=notes, hasher=hasher, settings=settings)
    subjects = Subjects(clock=clock, sealer=sealer)
    onetime = OneTime(db, clock=clock, sealer=sealer, sender=sender, signin=signin, settings=settings)
    return Identity(
        settings=settings,
        catalogue=catalogue,
        units=Units(db, clock=clock, notes=notes),
        people=People(db, clock=clock, ids=ids, sealer=sealer, notes=notes, settings=settings),
        grants=Grants(db, clock=clock, ids=ids, notes=notes, catalogue=catalogue),
        signin=signin,
        passkeys=Passkeys(
            db, clock=clock, ids=ids, sealer=sealer, notes=notes, signin=signin, settings=settings
        ),
        authenticators=Authenticators(
            db, clock=clock, ids=ids, sealer=sealer, notes=notes, settings=settings
        ),
        recoveries=Recoveries(db, clock=clock, sealer=sealer, notes=notes),
        credentials=Credentials(db, clock=clock, sealer=sealer, notes=notes, hasher=hasher),
        codes=Codes(db, clock=clock, ids=ids, sealer=sealer, onetime=onetime, signin=signin),
        addresses=Addresses(db, clock=clock, ids=ids, sealer=sealer, notes=notes, onetime=onetime),
        accounts=Accounts(db, clock=clock, notes=notes, signin=signin),
        doors=Doors(db, clock=clock, notes=notes, catalogue=catalogue, trees=trees, limits=settings.sessions),
        apps=Apps(db, clock=clock, ids=ids, notes=notes, catalogue=catalogue, settings=settings),
        keeper=Keeper(db, clock=clock, settings=settings),
        subjects=subjects,
        hook=subjects.hook(),
        bearers=Bearers(db, clock=clock, ids=ids, catalogue=catalogue, trees=trees, settings=settings),
    )
