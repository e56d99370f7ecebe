"""Files, documents and imports put together: what programmes take in and give out."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Final

import programmes
import web
from app.settings import Settings
from city.db import Database
from city.documents import Press, Register, Signer
from city.documents.signing import open_signer
from city.files import Files, Links
from city.files.links import Keys
from city.files.shelf import Shelf, open_shelf
from city.files.sweep import Sweep
from city.imports import Imports
from city.privacy import Vault
from runtime.clock import Clock
from runtime.ids import Factory

KEYS: Final = "keys"  # folder under data
_FONT: Final = "build/plus-jakarta-sans.woff2"


class Papers:
    """Each made when first asked for."""

    def __init__(self, settings: Settings, db: Database, vault: Vault, *, clock: Clock, ids: Factory) -> None:
        self._settings = settings
        self._db = db
        self._vault = vault
        self._clock = clock
        self._ids = ids

    @cached_property
    def shelf(self) -> Shelf:
        """Where contents lie. Raises WrongPlace."""
        return open_shelf(self._settings.files)

    @cached_property
    def files(self) -> Files:
        """Files of records."""
        return Files(self._db, self.shelf, self._vault, clock=self._clock, ids=self._ids)

    @cached_property
    def links(self) -> Links:
        """Links to files."""
        settings = self._settings.files
        return Links(Keys(settings.links_file), self._clock, settings.link)

    @cached_property
    def sweep(self) -> Sweep:
        """What removes contents that nobody refers to."""
        return Sweep(self._db, self.shelf, self._clock, self._settings.files)

    @cached_property
    def press(self) -> Press:
        """Makes documents from the templates in `documents/` of each programme."""
        static = Path(web.__file__).parent / "static"
        here = Path(programmes.__file__).parent
        templates = {folder.parent.name: folder for folder in sorted(here.glob("*/documents"))}
        font = f"web/{_FONT}" if (static / _FONT).exists() else ""
        return Press(templates, {"web": static}, font=font)

    @cached_property
    def signer(self) -> Signer:
        """Signs documents. Raises NoSigner."""
        return open_signer(self._settings.documents, self._settings.data / KEYS, self._clock)

    @cached_property
    def register(self) -> Register:
        """Documents that were given out."""
        return Register(self._db, self._settings.documents, clock=self._clock, ids=self._ids)

    @cached_property
    def imports(self) -> Imports:
        """Takes in tables."""
        return Imports(self._db, clock=self._clock, ids=self._ids, blind=self._vault.blind)
