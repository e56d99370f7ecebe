import asyncio
import os
import signal

import pytest

from runtime import service
from runtime.clock import Fake
from runtime.service import Failed, Health, Service, serve


def kill(number: int = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


async def test_ends_when_main_and_tasks_end() -> None:
    done: list[str] = []

    async def work() -> None:
        await asyncio.sleep(0)
        done.append("work")

    async def main(s: Service) -> None:
        s.start("work", work())
        done.append("main")

    await serve(main)
    assert done == ["main", "work"]


async def test_signal_cancels_tasks_and_lets_those_drain_that_want_to() -> None:
    seen: list[str] = []

    async def ticking() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("ticking cancelled")

    async def draining(s: Service) -> None:
        await s.stopping.wait()
        await asyncio.sleep(0.01)
        seen.append("drained")

    async def main(s: Service) -> None:
        s.start("ticking", ticking())
        s.start("draining", draining(s), drains=True)
        asyncio.get_running_loop().call_soon(kill)
        await s.wait()
        seen.append("closed")

    await serve(main)
    assert seen == ["ticking cancelled", "drained", "closed"]


async def test_what_does_not_drain_within_the_limit_is_cancelled() -> None:
    seen: list[str] = []

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def main(s: Service) -> None:
        s.start("stubborn", stubborn(), drains=True)
        kill(signal.SIGINT)
        await asyncio.Event().wait()

    await serve(main, limit=0.05)
    assert seen == ["cancelled"]


async def test_second_signal_does_not_wait() -> None:
    async def main(s: Service) -> None:
        kill()
        await s.stopping.wait()
        kill()
        await asyncio.Event().wait()

    await asyncio.wait_for(serve(main, limit=1_000), 60)


async def test_failing_task_stops_the_service_and_is_named() -> None:
    async def bad() -> None:
        raise LookupError("gone")

    found: list[service.Part] = []

    async def main(s: Service) -> None:
        s.start("bad", bad())
        try:
            await asyncio.Event().wait()
        finally:
            found.extend(s.health.snapshot())

    with pytest.raises(Failed, match="bad failed") as caught:
        await serve(main)
    assert caught.value.task == "bad"
    assert isinstance(caught.value.__cause__, LookupError)
    assert [(part.name, part.ok) for part in found] == [("bad", False)]


async def test_failing_main_is_named() -> None:
    async def main(s: Service) -> None:
        raise LookupError("gone")

    with pytest.raises(Failed, match="main failed"):
        await serve(main)


def test_health_counts_age_from_the_last_change() -> None:
    clock = Fake(now=10)
    health = Health(clock)
    assert health.snapshot() == []
    health.set("mqtt", ok=False, reason="refused")
    clock.advance(1)
    health.set("mqtt", ok=False, reason="timed out")
    assert health.snapshot() == [service.Part(name="mqtt", ok=False, reason="timed out", since=10)]
    assert not health.ok
    health.set("mqtt", ok=True)
    assert health.snapshot()[0].since == 1_000_010
    assert health.ok
