"""Documents and photos of a device: contracts, the box on its pole. Calls block: use a thread."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from city.db import Database
from city.files import Files
from city.files.errors import Missing
from city.files.kinds import IMAGES, Kind
from city.files.records import Draft, File
from city.files.use import Use
from city.identity.caller import Caller
from devices.errors import NotNow
from devices.registry.model import Device, State
from devices.registry.service import Registry
from devices.roles import MANAGE

USE: Final = Use(
    name="devices.paper", kinds=(*IMAGES, Kind.PDF), limit=10_000_000, longest=2_560
)  # sealed: a photo of a place may show people
MOST: Final = 30  # of one device


class Papers:
    """Files of our use whose record is a device."""

    def __init__(self, db: Database, registry: Registry, files: Files) -> None:
        self._db = db
        self._registry = registry
        self._files = files

    def of(self, by: Caller, device: str) -> list[File]:
        """All of a device, oldest first. Raises Unknown, Forbidden."""
        self._registry.get(by, device)
        with self._db.read() as tx:
            return self._of(tx, device)

    def add(self, by: Caller, device: str, body: bytes, name: str) -> File:
        """Check and keep one. Raises Unknown, Forbidden, NotNow, Unfit, TooLarge, Away."""
        self._registry.get(by, device)  # before a stranger's bytes are looked at
        draft: Draft = self._files.receive(body, USE, name)
        with self._db.begin() as tx:
            found = self._held(tx, by, device)
            if len(self._of(tx, device)) >= MOST:
                raise NotNow(device, found.state, f"it has {MOST} files already: remove one first")
            kept = self._files.keep(tx, draft, record=device, by=by.id)
            self._registry.voice.note(tx, "file.added", found, by)
        return kept

    def remove(self, by: Caller, device: str, file: str) -> None:
        """Let one go. Raises Unknown, Forbidden, NotNow, Missing."""
        with self._db.begin() as tx:
            found = self._held(tx, by, device)
            if file not in {one.id for one in self._of(tx, device)}:
                raise Missing(file)
            self._files.drop(tx, file)
            self._registry.voice.note(tx, "file.removed", found, by)

    def _of(self, tx: Connection, device: str) -> list[File]:
        return [one for one in self._files.of(tx, record=device) if one.use == USE.name]

    def _held(self, tx: Connection, by: Caller, device: str) -> Device:
        found = self._registry.held(tx, by, MANAGE, device)
        if found.state is State.RETIRED:
            raise NotNow(device, found.state, "it is gone for good")
        return found
