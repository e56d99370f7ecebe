"""The life of one process: named tasks, an orderly stop within a limit, and what is well and what is not."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import msgspec

from runtime.clock import Clock, System

_log: Final = logging.getLogger(__name__)
_TURN: Final = (
    0.001  # seconds a busy thread keeps the others out; Python's 5 ms cost ingest a sixth of its rate
)
LIMIT: Final = 10.0  # seconds for an orderly stop: what supervisors usually wait before they kill


class Failed(RuntimeError):
    """A task of the service failed, so the service stopped; `task` names it, `__cause__` says why."""

    def __init__(self, task: str, cause: BaseException) -> None:
        self.task = task
        super().__init__(f"{task} failed: {cause!r}")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """State of one part, with its age and its reason."""

    name: str
    ok: bool
    reason: str
    since: int  # µs UTC at which `ok` last changed


class Health:
    """What each part last said of itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._parts: dict[str, Part] = {}

    def set(self, name: str, ok: bool, reason: str = "") -> None:  # noqa: FBT001 - the state is the point
        """Tell a part's state; its age counts from the last change of `ok`."""
        old = self._parts.get(name)
        since = old.since if old and old.ok == ok else self._clock.now()
        self._parts[name] = Part(name=name, ok=ok, reason=reason, since=since)

    def snapshot(self) -> list[Part]:
        """All parts by name."""
        return [self._parts[name] for name in sorted(self._parts)]

    @property
    def ok(self) -> bool:
        """Whether every part is well; true also before any part has spoken."""
        return all(part.ok for part in self._parts.values())


class Service:
    """Handed to `main`: starts tasks and says when to stop."""

    def __init__(self, tasks: asyncio.TaskGroup, clock: Clock) -> None:
        self.stopping = asyncio.Event()
        self.health = Health(clock)
        self._group = tasks
        self._tasks: dict[asyncio.Task[None], bool] = {}

    def start(self, name: str, work: Coroutine[Any, Any, None], *, drains: bool = False) -> None:
        """Run work beside the others; when it raises, the service stops with Failed.

        At a stop, work that `drains` watches `stopping` and has the limit to return; other is cancelled.
        """
        task = self._group.create_task(self._guard(name, work), name=name)
        self._tasks[task] = drains
        task.add_done_callback(self._tasks.pop)

    def stop(self) -> None:
        """Begin the orderly stop."""
        if not self.stopping.is_set():
            self.stopping.set()
            for task, drains in list(self._tasks.items()):
                if not drains:
                    task.cancel()

    async def wait(self) -> None:
        """Return when every started task has ended; then `main` may close what they used."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    def abandon(self) -> None:
        """Cancel what has not ended."""
        for task in list(self._tasks):
            _log.warning("%s did not stop in time and is cancelled", task.get_name())
            task.cancel()

    async def _guard(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            self.health.set(name, ok=False, reason=repr(error))
            raise Failed(name, error) from error


async def serve(
    main: Callable[[Service], Awaitable[None]],
    *,
    limit: float = LIMIT,
    clock: Clock | None = None,
) -> None:
    """Run main and its tasks until they end, SIGTERM or SIGINT comes, or one fails (raises Failed).

    A signal begins the stop; what still runs after `limit` seconds, or at a second signal, is cancelled.
    """
    failures: list[Failed] = []
    try:
        async with asyncio.TaskGroup() as tasks:
            service = Service(tasks, clock or System())
            loop = asyncio.get_running_loop()
            work = tasks.create_task(_main(main, service), name="main")
            watch = tasks.create_task(_watch(service, work, limit), name="stop")
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, _on_signal, service, work)
            try:
                await asyncio.wait([work])
                await service.wait()
            finally:
                watch.cancel()
                for number in (signal.SIGTERM, signal.SIGINT):
                    loop.remove_signal_handler(number)
    except* Failed as group:
        failures.append(_first(group))
    if failures:
        raise failures[0]


def take_turns() -> None:
    """Let threads of this process wait less for each other."""
    sys.setswitchinterval(_TURN)


def run(main: Callable[[Service], Awaitable[None]], *, limit: float = LIMIT) -> None:
    """Run a service as this process. Raises Failed."""
    take_turns()
    asyncio.run(serve(main, limit=limit))


async def _main(main: Callable[[Service], Awaitable[None]], service: Service) -> None:
    try:
        await main(service)
    except Exception as error:
        raise Failed("main", error) from error


async def _watch(service: Service, work: asyncio.Task[None], limit: float) -> None:
    await service.stopping.wait()
    await asyncio.sleep(limit)
    service.abandon()
    work.cancel()


def _on_signal(service: Service, work: asyncio.Task[None]) -> None:
    if service.stopping.is_set():
        service.abandon()
        work.cancel()
    else:
        service.stop()


def _first(group: BaseExceptionGroup[Failed]) -> Failed:
    """The failure that began it: others are its consequences."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
