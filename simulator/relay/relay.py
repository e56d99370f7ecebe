"""The relay: takes connections, and passes on what comes as the way is."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Final, Self

from simulator.relay.commands import Ask, Command, Direction, Done, Drop, Reset, Way
from simulator.relay.line import End, Line

_CHUNK: Final = 16_384  # bytes read at a time
_WAITING: Final = 32  # chunks that wait in one direction; with more nothing is read: TCP slows the sender
_MOST: Final = 256  # connections at once; a further one is reset
_PATIENCE: Final = 10.0  # seconds for the far side to take a connection
Waiting = asyncio.Queue[tuple[float, bytes | None]]  # (due, what comes)


class Relay:
    """Listens at one address and passes on to another; a context manager."""

    def __init__(self, listen: tuple[str, int], to: tuple[str, int], *, seed: int = 1) -> None:
        self.way = Way()
        self._listen, self._to = listen, to
        self._dice = random.Random(seed)
        self._lines: dict[Line, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._cut = 0  # bytes that may still go up before everything is reset; 0: any number
        self._bytes: dict[Direction, int] = {"up": 0, "down": 0}
        self._taken = self._resets = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._close()
        for line, task in list(self._lines.items()):
            line.abort()
            task.cancel()
        await asyncio.gather(*self._lines.values(), return_exceptions=True)

    @property
    def done(self) -> Done:
        """What it has done so far."""
        return Done(
            port=self._listen[1],
            lines=len(self._lines),
            taken=self._taken,
            up=self._bytes["up"],
            down=self._bytes["down"],
            resets=self._resets,
        )

    async def obey(self, command: Command) -> None:
        """Do as told. Raises OSError where the port to listen on was taken meanwhile."""
        match command:
            case Way():
                self.way = command
                self._changed.set()
                self._changed = asyncio.Event()
                if command.refuse:
                    self._close()
                elif self._server is None:
                    await self._open()
            case Reset(after=0):
                self._reset()
            case Reset(after=more):
                self._cut = more
            case Drop(side=side):
                for line in self._lines:
                    line.dropped = True
                    (line.near if side == "near" else line.far).abort()
            case Ask():
                pass

    async def _open(self) -> None:
        host, port = self._listen
        self._server = await asyncio.start_server(self._take, host, port)
        self._listen = host, self._server.sockets[0].getsockname()[1]

    def _close(self) -> None:
        server, self._server = self._server, None
        if server:
            server.close()

    def _reset(self) -> None:
        self._cut = 0
        self._resets += 1
        for line in self._lines:
            line.abort()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        near = End(reader, writer)
        task = asyncio.current_task()
        try:
            if task is None or len(self._lines) >= _MOST:
                raise ConnectionRefusedError
            async with asyncio.timeout(_PATIENCE):
                far = End(*await asyncio.open_connection(*self._to))
        except OSError:  # a TimeoutError is one
            near.abort()
            return
        line = Line(near, far)
        self._lines[line] = task
        self._taken += 1
        try:
            await self._serve(line)
        except asyncio.CancelledError:
            line.abort()
        finally:
            del self._lines[line]

    async def _serve(self, line: Line) -> None:
        """Pass on until both sides have ended, or one broke: then both did."""
        ways: tuple[tuple[End, End, Direction], ...] = (
            (line.near, line.far, "up"),
            (line.far, line.near, "down"),
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                for come, go, direction in ways:
                    waiting: Waiting = asyncio.Queue(_WAITING)
                    tasks.create_task(self._read(line, come, waiting))
                    tasks.create_task(self._write(line, go, waiting, direction))
        except* OSError:
            line.abort()
        line.near.writer.close()
        line.far.writer.close()

    async def _read(self, line: Line, come: End, waiting: Waiting) -> None:
        """Everything that comes, and when it arrives; empty: the end, None: a reset."""
        now = asyncio.get_running_loop().time
        due = 0.0
        while True:
            data: bytes | None = None
            with contextlib.suppress(OSError):
                data = await come.reader.read(_CHUNK)
            if line.dropped and data:
                continue  # said into the void
            way = self.way
            late = way.delay + self._dice.uniform(0, way.jitter)
            late += way.again if self._dice.random() < way.loss else 0
            due = max(due, now() + late / 1_000)
            due += len(data or b"") / way.rate if way.rate else 0
            await waiting.put((due, data))
            if not data:
                return

    async def _write(self, line: Line, go: End, waiting: Waiting, direction: Direction) -> None:
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            while self.way.stalled(direction):
                await self._changed.wait()
            if line.dropped:
                if not go.gone:
                    return  # who is gone says nothing more
                if data:
                    continue
                raise ConnectionResetError  # the other has given up as well
            if data is None:
                raise ConnectionResetError
            if not data:
                go.writer.write_eof()
                return
            await self._pass(line, go, data, direction)

    async def _pass(self, line: Line, go: End, data: bytes, direction: Direction) -> None:
        part = data[: self._cut] if direction == "up" and self._cut else data
        try:
            go.writer.write(part)
            await go.writer.drain()
        except OSError:
            if not line.dropped:
                raise
        self._bytes[direction] += len(part)
        if direction == "up" and self._cut:
            self._cut = max(0, self._cut - len(part))
            if self._cut == 0:
                self._reset()
