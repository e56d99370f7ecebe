"""Which of the devices a change or command is for."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from contracts.errors import Refused
from contracts.roster import Entry, Reader
from contracts.topics import Kind

MOST: Final = 10_000  # devices at once
_Word = Annotated[str, msgspec.Meta(max_length=64)]


class Selector(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Each given field must match; at least one must be given, `all` where truly every device is meant."""

    devices: Annotated[tuple[_Word, ...], msgspec.Meta(max_length=1_000)] = ()  # ids
    site: _Word = ""
    kind: Kind | None = None
    operator: Annotated[str, msgspec.Meta(max_length=60)] = ""
    labels: Annotated[
        dict[_Word, Annotated[str, msgspec.Meta(max_length=200)]], msgspec.Meta(max_length=16)
    ] = {}
    all: bool = False

    def matches(self, entry: Entry) -> bool:
        """Whether a device is meant."""
        return (
            (not self.devices or entry.device in self.devices)
            and (not self.site or entry.site == self.site)
            and (self.kind is None or entry.kind == self.kind)
            and (not self.operator or entry.operator == self.operator)
            and all(entry.labels.get(name) == value for name, value in self.labels.items())
        )


def select(roster: Reader, selector: Selector) -> list[Entry]:
    """Devices that are meant, in order of site, kind and id. Raises Refused where none or too many are."""
    if not any(
        (selector.devices, selector.site, selector.kind, selector.operator, selector.labels, selector.all)
    ):
        raise Refused("selector", "{}", "say which devices: ids, site, kind, operator, labels, or all")
    for device in selector.devices:
        if roster.get(device) is None:
            raise Refused("devices", device, "there is no such device")
    found = [
        entry for entry in roster.list(site=selector.site, kind=selector.kind) if selector.matches(entry)
    ]
    if not found:
        raise Refused("selector", _told(selector), "no device is like this")
    if len(found) > MOST:
        raise Refused("selector", f"{len(found)} devices", f"at most {MOST} at once")
    return found


def _told(selector: Selector) -> str:
    return msgspec.json.encode(selector).decode()
