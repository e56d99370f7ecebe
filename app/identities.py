"""Identities for commands, on the city's database: the first administrator, apps, the command line's key."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.settings import Settings
from contracts.errors import Refused
from runtime import ids
from runtime.cli import Failure
from runtime.clock import System

if TYPE_CHECKING:  # heavy: imported when a command needs it
    from city.identity.keys import Made
    from city.identity.people import Invited
    from city.identity.wiring import Identity

KEY: Final = "cli.key"  # in the data folder: by what the machine's own command line asks the platform
APP: Final = "imm"  # the app that the command line is
OFTEN: Final = 60_000  # requests a minute: it is nobody's guest
# What the command line may: all that it has commands for, and no identities.
_ROLES: Final = (
    ("platform", "operator"),
    ("platform", "viewer"),
    ("devices", "admin"),
    ("tangi", "dispatcher"),
)


@contextmanager
def opened(settings: Settings) -> Iterator[Identity]:
    """Identities on the city's database, also while the platform runs."""
    from app.histories import HISTORIES
    from app.roles import ROLES
    from city import db, privacy
    from city.audit import Trail
    from city.identity.ports import Nowhere
    from city.identity.wiring import wire
    from city.privacy import keks

    clock = System()
    database = db.Database.of(settings.city)
    try:
        db.check(database, HISTORIES)
        keys = privacy.holder(settings.privacy, clock=clock)
        keks.prepare(database, keys, clock)
        yield wire(
            database,
            clock=clock,
            ids=ids.factory(clock),
            vault=privacy.Vault(database, keys, clock=clock),
            trail=Trail(clock=clock),
            sender=Nowhere(),
            settings=settings.identity,
            roles=ROLES,
        )
    except Refused as error:
        raise Failure.of("this cannot be done", error) from None
    finally:
        database.close()


def anybody(identity: Identity) -> bool:
    """Whether there is anybody who could sign in."""
    from city.identity.caller import SYSTEM

    return bool(identity.people.page(SYSTEM, limit=1))


def first(identity: Identity, *, name: str, login: str = "admin") -> Invited | None:
    """The first administrator, where there is nobody yet; None where there is somebody."""
    from city.identity.caller import EVERYWHERE, SYSTEM, Grant

    if anybody(identity):
        return None
    made = identity.people.invite(SYSTEM, name=name, login=login)
    roles = (("platform", "admin"), ("platform", "auditor"), *_ROLES)
    for programme, role in roles:
        grant = Grant(role=role, programme=programme, unit=EVERYWHERE)
        identity.grants.give(SYSTEM, made.person.id, grant, why=why())
    return made


def key(identity: Identity, name: str, roles: tuple[tuple[str, str], ...] = _ROLES, **options: int) -> Made:
    """A key for an app of this name, which is made where there is none, with all that these roles may.

    Raises Unknown, Refused.
    """
    from city.identity.caller import EVERYWHERE, SYSTEM, Grant

    found = [app for app in identity.apps.list(SYSTEM) if app.name == name]
    app = found[0] if found else identity.apps.add(SYSTEM, name=name)
    scopes: set[str] = set()
    for programme, role in roles:
        grant = Grant(role=role, programme=programme, unit=EVERYWHERE)
        identity.grants.give(SYSTEM, app.id, grant, why=why())
        scopes |= set(identity.catalogue.find(programme, role).permissions)
    return identity.apps.make_key(SYSTEM, app.id, label=why(), scopes=scopes, **options)


def command_line(settings: Settings) -> Path:
    """File with the command line's key, readable for its owner alone; made where there is none that works."""
    from city.identity.caller import SYSTEM

    file = settings.data / KEY
    with opened(settings) as identity:
        if not _works(identity, file):
            for app in identity.apps.list(SYSTEM):
                if app.name == APP:
                    for old in identity.apps.get(SYSTEM, app.id)[1]:
                        identity.apps.revoke(SYSTEM, old.id, why="another takes its place")
            made = key(identity, APP, per_minute=OFTEN, per_day=OFTEN * 1_440)
            draft = file.with_name(f".{file.name}.{os.getpid()}")
            draft.unlink(missing_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(f"{made.secret}\n")
            draft.replace(file)
    return file


def why() -> str:
    """Who called: the machine's account, which is all that is known of him."""
    try:
        return f"imm by {getpass.getuser()}"
    except (KeyError, OSError):  # an account without a name, as in a container
        return "imm"


def _works(identity: Identity, file: Path) -> bool:
    if not file.exists():
        return False
    caller = identity.bearers.caller(file.read_text().strip())
    return caller is not None and all(caller.may(one) for one in _needed(identity))


def _needed(identity: Identity) -> set[str]:
    """Permissions of this version: an older version's key may lack some."""
    found = [identity.catalogue.find(programme, role).permissions for programme, role in _ROLES]
    return {permission for permissions in found for permission in permissions}
