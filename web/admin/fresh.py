"""Steps by which somebody could gain more: they want a second factor that was shown just now."""

from __future__ import annotations

from collections.abc import Callable

from city.identity.caller import Caller
from city.identity.errors import Again
from city.identity.factors import FRESH
from runtime.clock import Clock

Fresh = Callable[[Caller], None]


def fresh(clock: Clock) -> Fresh:
    """What such a route asks first. Raises Again: an open screen, or an app's key, is not enough."""

    def ask(caller: Caller) -> None:
        if not caller.fresh(clock.now(), within=FRESH):
            raise Again

    return ask
