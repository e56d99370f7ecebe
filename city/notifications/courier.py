"""Messages that cannot wait and may not be kept: one-time codes. Sent on the caller's thread, now or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from city.notifications import render
from city.notifications.errors import Away, Undeliverable, Unsent
from city.notifications.model import Channel
from city.notifications.outlet import Outlet
from city.notifications.templates import Catalogue
from city.schedule.opaque import Value


class Courier:
    """Nothing of what it sends lies anywhere, neither words nor address."""

    def __init__(self, catalogue: Catalogue, outlets: Sequence[Outlet], *, zone: ZoneInfo, site: str) -> None:
        self._catalogue = catalogue
        self._outlets = outlets
        self._zone = zone
        self._site = site

    def send(
        self, channel: Channel, address: str, template: str, values: Mapping[str, Value], *, language: str
    ) -> None:
        """Send now, by the first gateway that takes it; blocks. Raises Unknown (template), Unsent."""
        found = self._catalogue.newest(template)
        message = render.message(found, values, language=language, zone=self._zone, site=self._site)
        said = "no gateway is set up for it"
        mine = [outlet for outlet in self._outlets if outlet.channel == channel]
        for outlet in sorted(mine, key=lambda one: one.resting):
            try:
                outlet.send_now(message, address)
                return
            except (Away, Undeliverable) as error:
                said = error.reason
        raise Unsent(channel, said)
