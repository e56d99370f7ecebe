"""The fleet for commands on this machine, on the city's database, also while the platform runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from app.settings import Settings
from contracts.errors import Refused
from runtime import ids
from runtime.cli import Failure
from runtime.clock import System

if TYPE_CHECKING:  # heavy: imported when a command needs it
    from city.db import Database
    from city.imports import Imports
    from devices.wiring import Fleet


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What a command has at hand."""

    db: Database
    fleet: Fleet
    imports: Imports
    clock: System


@contextmanager
def opened(settings: Settings) -> Iterator[Desk]:
    """The fleet on the city's database. Raises Failure."""
    from app.histories import HISTORIES
    from city import db, privacy
    from city.audit import Trail
    from city.imports import Imports
    from city.privacy import keks
    from devices.wiring import wire

    clock = System()
    database = db.Database.of(settings.city)
    factory = ids.factory(clock)
    try:
        db.check(database, HISTORIES)
        keys = privacy.KeyFile(settings.privacy.keys_file, clock=clock)
        keks.prepare(database, keys, clock)
        vault = privacy.Vault(database, keys, clock=clock)
        fleet = wire(
            database,
            clock=clock,
            ids=factory,
            trail=Trail(clock=clock),
            vault=vault,
            settings=settings.devices,
            address=settings.identity.address,
            reserved=(settings.analytics.producer,),
        )
        imports = Imports(database, clock=clock, ids=factory, blind=vault.blind)
        yield Desk(db=database, fleet=fleet, imports=imports, clock=clock)
    except Refused as error:
        raise Failure.of("this cannot be done", error) from None
    finally:
        database.close()
