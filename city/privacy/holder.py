"""Who holds the keys, as the settings say."""

from __future__ import annotations

from city.privacy.keyfile import KeyFile
from city.privacy.keys import Keys
from city.privacy.settings import Settings
from runtime.clock import Clock


def holder(settings: Settings, *, clock: Clock) -> Keys:
    """A file, or a key service. Raises BadKeys."""
    if settings.holder == "file":
        return KeyFile(settings.keys_file, clock=clock)
    from city.privacy.transit import KeyService

    return KeyService(settings.transit, clock=clock)
