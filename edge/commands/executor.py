"""The executor: takes commands, does each once, one harmful at a time, and tells what became of them.

What loses nothing, and why no receipt is needed: a command is on disk before the broker hears that it came,
and what became of it before it is told. A result that the broker did not take is told on the next connection.
One that a killed broker forgot is told when the desk asks again, which it does until it knows the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import msgspec

from contracts import commands
from contracts.commands import HARMFUL, TOLERANCE, Command, Result, State, Type
from contracts.errors import Refused
from contracts.instants import SECOND
from contracts.topics import Channel, Device
from edge.commands.errors import Refusal, Unkept
from edge.commands.journal import Journal, Kept
from edge.commands.teller import Client, Teller
from runtime.clock import Clock
from runtime.logs import clean
from runtime.mqtt import Failure, Message

QUEUE: Final = 32  # commands that wait; a further one is refused
INBOX: Final = 64  # messages not looked at yet; a further one is dropped: the desk asks again
LIMIT: Final = 900.0  # seconds that one command may take, then it has failed
_BESIDE: Final = 2  # harmless commands at once
_PAUSE: Final = 1.0  # seconds after a fault of the disk
_log: Final = logging.getLogger(__name__)


class Telling(Protocol):
    """How a handler says how far it is."""

    async def __call__(self, percent: int, note: str = "") -> None: ...


Handler = Callable[
    [Command, Telling], Awaitable[dict[str, Any]]
]  # its value; Refusal: before it did anything
Resume = Callable[
    [Kept], Awaitable[dict[str, Any]]
]  # of what was begun before a restart: the value it came to


class _Head(msgspec.Struct):
    """What is read of a command that cannot be understood, so as to refuse it."""

    id: commands.Id
    issued: int = 0
    expires: int = 0


class Executor:
    """Commands of one device, between its client and its journal, for as long as `run` runs."""

    def __init__(
        self,
        client: Client,
        device: Device,
        journal: Journal,
        *,
        clock: Clock,
        boot: str = "",
        limit: float = LIMIT,
    ) -> None:
        """`boot`: id of the machine's boot, by which a restart is known."""
        self._client = client
        self._device = device
        self._journal = journal
        self._clock = clock
        self._boot = boot
        self._limit = limit
        self._handlers: dict[Type, tuple[Handler, Resume | None]] = {}
        self._inbox: asyncio.Queue[Message] = asyncio.Queue(INBOX)
        self._work: dict[bool, asyncio.Queue[Command]] = {True: asyncio.Queue(), False: asyncio.Queue()}
        self._teller = Teller(client, device, journal)

    def register(self, type_: Type, handler: Handler, *, resume: Resume | None = None) -> None:
        """Let a handler do commands of a type; before `run`.

        `resume` says what one came to that was under way when the agent stopped; without it that has failed.
        """
        self._handlers[type_] = handler, resume

    async def run(self) -> None:
        """Go on with what was accepted, then take what comes, until cancelled."""
        self._client.subscribe(self._device.topic(Channel.COMMAND), self._came)
        self._teller.wake()
        for kept in await asyncio.to_thread(self._journal.begun):
            await self._resumed(kept)
        for command in await asyncio.to_thread(self._journal.waiting):
            self._queue(command)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read(), name="commands inbox")
            tasks.create_task(self._teller.run(), name="commands results")
            tasks.create_task(self._serve(harmful=True), name="harmful commands")
            for number in range(_BESIDE):
                tasks.create_task(self._serve(harmful=False), name=f"commands {number}")

    # taking

    def _came(self, message: Message) -> None:
        if message.retain:  # whoever keeps a command for us at the broker is not our desk
            _log.warning("a retained command is passed over: commands are never retained")
            message.ack()
            return
        try:
            self._inbox.put_nowait(message)
        except asyncio.QueueFull:
            message.ack()

    async def _read(self) -> None:
        while True:
            message = await self._inbox.get()
            try:
                await self._take(message)
            except Unkept as error:
                _log.error("a command is not kept, so it is not begun: %s", error)
                await asyncio.sleep(_PAUSE)
            message.ack()  # the desk asks again, should it not be kept

    async def _take(self, message: Message) -> None:
        try:
            command = commands.decode(message.payload)
        except Refused as refused:
            await self._refuse_unread(message.payload, refused)
            return
        if message.ask.response not in {"", self._device.topic(Channel.RESULT)}:
            _log.warning("command %s wants its answer elsewhere: it is passed over", command.id)
            return
        if await asyncio.to_thread(self._journal.get, command.id):
            await asyncio.to_thread(self._journal.tell_again, command.id)
        else:
            now = self._clock.now()
            state, reason = self._judge(command, now)
            result = Result(id=command.id, number=1, state=state, time=max(0, now), reason=reason)
            await asyncio.to_thread(self._journal.add, command, result)
            if state == State.ACCEPTED:
                self._queue(command)
        self._teller.wake()

    def _judge(self, command: Command, now: int) -> tuple[State, str]:
        if now > command.expires + TOLERANCE:
            return State.EXPIRED, f"it came {_seconds(now - command.expires)} after it expired"
        if command.type not in self._handlers:
            return State.REFUSED, f"this device cannot do {command.type}"
        if command.type in HARMFUL and command.issued > now + TOLERANCE:
            behind = _seconds(command.issued - now)
            return (
                State.REFUSED,
                f"this device's clock is {behind} behind, so it cannot tell whether this expired",
            )
        if self._work[True].qsize() + self._work[False].qsize() >= QUEUE:
            return State.REFUSED, f"{QUEUE} commands wait already"
        return State.ACCEPTED, ""

    async def _refuse_unread(self, payload: bytes, refused: Refused) -> None:
        """Answer what names its id, so that the desk learns that this device does not understand it."""
        _log.warning("a command cannot be read: %s", refused)
        try:
            head = msgspec.json.decode(payload, type=_Head)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        reason = clean(str(refused), commands.LONGEST)
        result = Result(
            id=head.id, number=1, state=State.REFUSED, time=max(0, self._clock.now()), reason=reason
        )
        with contextlib.suppress(Failure, TimeoutError):  # the desk asks again
            await self._teller.publish(result)

    # doing

    def _queue(self, command: Command) -> None:
        self._work[command.type in HARMFUL].put_nowait(command)

    async def _serve(self, *, harmful: bool) -> None:
        while True:
            command = await self._work[harmful].get()
            try:
                await self._do(command)
            except Unkept as error:  # begun it is not, or its end comes to light when the agent starts again
                _log.error("what became of command %s is not kept: %s", command.id, error)

    async def _do(self, command: Command) -> None:
        now = self._clock.now()
        number = _Numbers(first=2)
        if now > command.expires + TOLERANCE:
            reason = f"its turn came {_seconds(now - command.expires)} after it expired"
            await self._keep(command, number, State.EXPIRED, reason=reason)
            return
        if command.type not in self._handlers:
            await self._keep(command, number, State.REFUSED, reason=f"this device cannot do {command.type}")
            return
        handler, _ = self._handlers[command.type]
        await self._keep(command, number, State.RUNNING, begun=True)

        async def telling(percent: int, note: str = "") -> None:
            await self._keep(command, number, State.RUNNING, progress=max(0, min(100, percent)), reason=note)

        await self._finish(command, number, handler(command, telling))

    async def _resumed(self, kept: Kept) -> None:
        """End what was under way when the agent stopped: as its handler says, never by doing it again."""
        command = kept.command
        number = _Numbers(first=kept.result.number + 1)
        _, resume = self._handlers.get(command.type, (None, None))
        try:
            if resume is None:
                reason = "the agent stopped while it was under way; it was not begun again"
                await self._keep(command, number, State.FAILED, reason=reason)
            else:
                await self._finish(command, number, resume(kept))
        except Unkept as error:
            _log.error("what became of command %s is not kept: %s", command.id, error)

    async def _finish(self, command: Command, number: _Numbers, work: Awaitable[dict[str, Any]]) -> None:
        try:
            async with asyncio.timeout(self._limit):
                value = await work
            await self._keep(command, number, State.DONE, progress=100, value=value)
        except Refusal as refusal:
            await self._keep(command, number, State.REFUSED, reason=refusal.reason)
        except TimeoutError:
            await self._keep(command, number, State.FAILED, reason=f"it took more than {self._limit:g} s")
        except (Unkept, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever its fault is, the agent goes on and the desk hears it
            _log.exception("command %s (%s) failed", command.id, command.type)
            await self._keep(command, number, State.FAILED, reason=str(error) or type(error).__name__)

    async def _keep(
        self,
        command: Command,
        number: _Numbers,
        state: State,
        *,
        progress: int = 0,
        reason: str = "",
        value: dict[str, Any] | None = None,
        begun: bool = False,
    ) -> None:
        result = Result(
            id=command.id,
            number=number.next(),
            state=state,
            time=max(0, self._clock.now()),
            progress=progress,
            value=value or {},
            reason=clean(reason, commands.LONGEST),
        )
        try:
            commands.encode(result)
        except (Refused, TypeError) as error:  # what it gave cannot travel: it is done all the same
            result = msgspec.structs.replace(result, value={}, reason=clean(str(error), commands.LONGEST))
        await asyncio.to_thread(self._journal.change, result, boot=self._boot if begun else "")
        self._teller.wake()


class _Numbers:
    """Numbers of one command's results."""

    def __init__(self, *, first: int) -> None:
        self._next = first

    def next(self) -> int:
        """The next number."""
        self._next += 1
        return self._next - 1


def _seconds(micros: int) -> str:
    return f"{micros / SECOND:.0f} s"
