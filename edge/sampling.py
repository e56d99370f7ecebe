"""When to sample: by the monotonic clock, so that a clock set wrong changes stamps and never the pace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from runtime.clock import Clock

_LOOK: Final = 1.0  # seconds between looks at a period that may change
Sleep = Callable[[float], Awaitable[None]]


async def ticks(
    period: float | Callable[[], float], clock: Clock, *, sleep: Sleep = asyncio.sleep
) -> AsyncIterator[int]:
    """Yield at start + n × period, without drift: how many ticks were missed since the one before.

    A period that changes counts from the last tick.
    """
    wanted = period if callable(period) else None
    period = wanted() if wanted else float(period)  # type: ignore[arg-type]  # callable() narrows too little
    start = clock.monotonic()
    number = 0
    while True:
        while (wait := start + number * period - clock.monotonic()) > 0:
            await sleep(min(wait, _LOOK) if wanted else wait)
            if wanted and wanted() != period:
                last, period, number = start + (number - 1) * period, wanted(), 1
                start = max(last, clock.monotonic() - period)
        missed = int(-wait // period)
        number += 1 + missed
        yield missed
