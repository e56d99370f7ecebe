"""When to sample: by the monotonic clock, so that a clock set wrong changes stamps and never the pace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from runtime.clock import Clock

Sleep = Callable[[float], Awaitable[None]]


async def ticks(period: float, clock: Clock, *, sleep: Sleep = asyncio.sleep) -> AsyncIterator[int]:
    """Yield at start + n × period, without drift: how many ticks were missed since the one before."""
    start = clock.monotonic()
    number = 0
    while True:
        while (wait := start + number * period - clock.monotonic()) > 0:
            await sleep(wait)
        missed = int(-wait // period)
        number += 1 + missed
        yield missed
