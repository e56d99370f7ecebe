"""Gateways that bring messages to people."""

from __future__ import annotations

from city.notifications.model import Channel
from city.notifications.providers.port import Provider
from city.notifications.settings import Settings
from runtime.clock import Clock


def opened(settings: Settings, *, clock: Clock) -> tuple[Provider, ...]:
    """All that the settings name, in their order. Raises Wrong."""
    found: list[Provider] = []
    if settings.providers:
        from city.notifications.providers.gateway import Gateway  # its library takes a second to load

        found += [Gateway(one) for one in settings.providers]
    if settings.push.key_file is not None:
        from city.notifications.providers.push import WebPush

        found.append(WebPush(settings.push, clock=clock))
    return tuple(found)


def channels(providers: tuple[Provider, ...]) -> frozenset[Channel]:
    """Channels that some gateway serves."""
    return frozenset(one.channel for one in providers)
