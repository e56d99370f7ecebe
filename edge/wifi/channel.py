"""How busy a radio's channel is, between two surveys of it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from edge.recorder import Reading


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What a radio knows of the channel that it is on; None where it does not tell."""

    frequency: int | None = None  # MHz
    noise: float | None = None  # dBm
    active: int | None = None  # ms that the radio listened, ever
    busy: int | None = None  # ms of these in which the channel was taken, by anyone


def readings(radio: str, now: Use, before: Use | None) -> Iterator[Reading]:
    """The channel as it is, and how busy it was since the survey before; a counter set back tells nothing."""
    if now.frequency:
        yield Reading(metric="wifi.channel.frequency", value=now.frequency * 1e6, instance=radio)
    if now.noise:  # drivers that do not know say 0
        yield Reading(metric="wifi.channel.noise", value=now.noise, instance=radio)
    if before is None or before.frequency != now.frequency:
        return
    if None in {now.active, now.busy, before.active, before.busy}:
        return
    active = (now.active or 0) - (before.active or 0)
    busy = (now.busy or 0) - (before.busy or 0)
    if active > 0 and busy >= 0:
        yield Reading(metric="wifi.channel.busy", value=min(1.0, busy / active), instance=radio)
