"""All mappings together: read from files, and asked whose a topic is."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Final, NamedTuple

from contracts.errors import Refused
from ingest.mappings.model import Mapping
from runtime import yamldoc

_REMEMBERED: Final = (
    20_000  # topics whose owner is remembered; all are forgotten beyond, then looked up again
)


class Match(NamedTuple):
    """A topic's mapping, what stands at its named levels, and whose it is."""

    mapping: Mapping
    levels: dict[str, str]
    device: str


class Mappings:
    """Mappings that do not meet: one topic is read by one of them."""

    def __init__(self, mappings: Iterable[Mapping] = ()) -> None:
        """Raises Refused where two have one name, or could read one topic."""
        self.mappings = tuple(mappings)
        self._known: dict[str, Match] = {}
        for one, other in combinations(self.mappings, 2):
            if one.name == other.name:
                raise Refused("name", one.name, "two mappings are called so")
            if one.pattern.meets(other.pattern):
                raise Refused("topic", other.topic, f"{one.name} reads the same topics: {one.topic}")

    @property
    def filters(self) -> list[str]:
        """What to subscribe to."""
        return [one for mapping in self.mappings for one in mapping.filters]

    def written_by(self, device: str) -> list[str]:
        """Filters of the topics on which a device of the roster may speak."""
        return [one for mapping in self.mappings for one in mapping.written_by(device)]

    def find(self, topic: str) -> Match | None:
        """Whose a topic is; None where no mapping reads it. Raises Refused where its device has no id."""
        found = self._known.get(topic)
        if found is not None:
            return found
        for mapping in self.mappings:
            levels = mapping.pattern.match(topic)
            if levels is not None:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                found = self._known[topic] = Match(mapping, levels, mapping.owner(levels))
                return found
        return None


def load(paths: Iterable[Path]) -> Mappings:
    """The mappings of all files and folders. Raises yamldoc.Wrong at the first thing that is wrong."""
    found: list[Mapping] = []
    for path in yamldoc.files(paths):
        for mapping, part in yamldoc.records(path, Mapping):
            try:
                Mappings([*found, mapping])
            except Refused as error:
                raise part.wrong(f".{error.field}", str(error)) from None
            found.append(mapping)
    return Mappings(found)
