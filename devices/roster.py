"""The roster kept in a TOML file: what the registry starts from, and all there is where it is empty."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import msgspec

from contracts.errors import Refused
from contracts.roster import Entry, Producer
from contracts.topics import Kind
from devices.errors import BadRoster


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    device: tuple[Entry, ...] = ()


class Roster:
    """contracts.roster.Reader over entries that do not change."""

    def __init__(self, entries: Iterable[Entry], producers: Iterable[Producer] = ()) -> None:
        """`producers` are known when asked for, and no devices to be listed."""
        self._producers = {producer.device: producer for producer in producers}
        self._entries = {entry.device: entry for entry in sorted(entries, key=order)}

    @classmethod
    def load(cls, path: Path, producers: Iterable[Producer] = ()) -> Self:
        """Read `[[device]]` tables. Raises BadRoster naming the entry and what is wrong with it."""
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
            entries = msgspec.convert(document, _File).device
        except OSError as error:
            raise BadRoster(path, error.strerror or str(error)) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError, Refused) as error:
            raise BadRoster(path, str(error)) from None
        known = list(producers)
        own = {producer.device for producer in known}
        seen: set[str] = set()
        for entry in entries:
            if entry.device in own:
                raise BadRoster(path, f"device {entry.device} is called like a part of the platform")
            if entry.device in seen:
                raise BadRoster(path, f"device {entry.device} stands there twice; ids are unique in the city")
            seen.add(entry.device)
        return cls(entries, known)

    def get(self, device: str) -> Entry | None:
        """One device, or None where it is unknown."""
        return self._entries.get(device) or self._producers.get(device)

    def list(self, *, site: str = "", kind: Kind | None = None) -> list[Entry]:
        """Known devices in order of (site, kind, device)."""
        return [
            entry
            for entry in self._entries.values()
            if (not site or entry.site == site) and (kind is None or entry.kind == kind)
        ]


def order(entry: Entry) -> tuple[str, str, str]:
    """By site, kind, id."""
    return entry.site, entry.kind, entry.device
