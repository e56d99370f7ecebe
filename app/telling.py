"""People are told: who they are for the notices, and how one-time codes reach them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

import alerts.watch
import city.notifications
import devices
import programmes.tangi
from city.identity import persons
from city.identity.addresses import known
from city.identity.contacts import ContactKind
from city.identity.errors import Unknown, Unsent
from city.identity.model import PersonState
from city.identity.seals import Sealer
from city.notifications import Channel, Means, Notifications, Recipient, wire
from city.notifications import errors as failures
from city.notifications.providers import opened
from city.notifications.templates import Catalogue
from city.privacy import Vault

if TYPE_CHECKING:
    from app.parts import Parts

# Packages that bring words for notices, each in `notices/` of its folder.
PACKAGES: Final[tuple[ModuleType, ...]] = (city.notifications, devices, programmes.tangi, alerts.watch)
_CODE: Final = "account.code"
_BY: Final = {ContactKind.PHONE: Channel.SMS, ContactKind.EMAIL: Channel.EMAIL}
_PHONE: Final = (Channel.SMS, Channel.WHATSAPP)  # channels that a phone's number reaches


class People:
    """Identities as the directory of notices."""

    def __init__(self, vault: Vault) -> None:
        self._sealer = Sealer(vault)

    def find(self, tx: Connection, person: str) -> Recipient | None:
        """The person with the addresses that he has shown to be his, the newest of each kind."""
        try:
            found = persons.get(tx, person)
        except Unknown:
            return None
        if found.state != PersonState.ACTIVE:
            return None
        addresses: dict[str, str] = {}
        for one in known(tx, self._sealer, person):
            if one.kind == ContactKind.EMAIL:
                addresses[Channel.EMAIL] = one.address
            else:
                addresses |= dict.fromkeys(_PHONE, one.address)
        return Recipient(name=found.name, language=found.language, addresses=addresses)


class Codes:
    """Sends one-time codes by the gateways of notices."""

    def __init__(self, notifications: Notifications) -> None:
        self._courier = notifications.courier

    def send(self, *, kind: str, address: str, code: str, language: str) -> None:
        """Hand it over now. Raises Unsent."""
        try:
            self._courier.send(_BY[ContactKind(kind)], address, _CODE, {"code": code}, language=language)
        except failures.Unsent:
            raise Unsent(kind) from None


def told(parts: Parts) -> Notifications:
    """Notices with the words of all packages and the gateways of the settings. Raises BadTemplate, Wrong."""
    settings = parts.settings.notifications
    folders = [Path(package.__path__[0]) for package in PACKAGES]
    means = Means(
        catalogue=Catalogue.of(folders),
        providers=opened(settings, clock=parts.clock),
        directory=People(parts.vault),
        vault=parts.vault,
        site=parts.settings.identity.address,
    )
    return wire(
        parts.db,
        means,
        clock=parts.clock,
        ids=parts.ids,
        zone=parts.clocks.calendars.hours.zone,
        settings=settings,
        registry=parts.registry,
    )
