"""A kiosk agent whose own time can run fast: `python hurried.py CONFIG BEHIND RATE SECONDS`.

It starts so many seconds behind. At SIGUSR1 so many seconds of its own pass at the rate; then it is slow
again, and a file beside the other ends in `.through`. All but its clock is the agent as it is installed.
"""

import asyncio
import selectors
import signal
import sys
import time
from pathlib import Path

from contracts.topics import Device, Kind
from edge import agent
from edge.clock import keep
from edge.kiosk.build import watching
from edge.settings import Settings
from runtime import logs, service, settings


class Clock:
    """Both times, from here on as fast as told."""

    def __init__(self, behind: float) -> None:
        self.rate = 1.0
        self._real = self._own = time.monotonic()
        self._day = time.time() - behind - self._own

    def monotonic(self) -> float:
        return self._own + (time.monotonic() - self._real) * self.rate

    def now(self) -> int:
        return round((self._day + self.monotonic()) * 1e6)

    def hurry(self, rate: float) -> None:
        own, real = self.monotonic(), time.monotonic()
        self._own, self._real, self.rate = own, real, rate


class Waiting(selectors.EpollSelector):
    """Waits as long as the clock says."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(None if timeout is None else timeout / self._clock.rate)


class Loop(asyncio.SelectorEventLoop):
    """Its time is the clock's."""

    def __init__(self, clock: Clock) -> None:
        self._own = clock
        super().__init__(Waiting(clock))

    def time(self) -> float:
        return self._own.monotonic()


def main(config: Path, behind: float, rate: float, seconds: float) -> None:
    chosen = settings.load(Settings, config, env={})
    logs.configure()
    clock = Clock(behind)

    def slow() -> None:
        clock.hurry(1)
        config.with_suffix(".through").touch()

    async def kiosk(running: service.Service) -> None:
        loop = asyncio.get_running_loop()

        def fast() -> None:
            loop.call_later(seconds, slow)
            clock.hurry(rate)

        loop.add_signal_handler(signal.SIGUSR1, fast)
        steady = keep.steady(chosen.home, clock)
        device = Device(site=chosen.site, kind=Kind.KIOSK, device=chosen.device)
        with watching(chosen, steady) as sources:
            await agent.run(chosen, running, steady, agent.sampler(Kind.KIOSK, sources), device=device)

    with asyncio.Runner(loop_factory=lambda: Loop(clock)) as runner:
        runner.run(service.serve(kiosk, clock=clock))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(float, sys.argv[2:]))
