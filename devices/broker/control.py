"""Commands to the dynamic-security plugin over MQTT 5: in batches, each answer matched to its question."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from devices.broker import words
from devices.broker.errors import Denied, Refused, Silent
from devices.broker.words import Answer, Answers, Client, Command, Role
from runtime import ids, mqtt
from runtime.clock import Clock

BATCH: Final = 20  # commands a message, at most
LEAST: Final = 2  # so many are never parted: to shut an account takes two
_HELD_UP: Final = 0.5  # seconds that a batch may take: the broker does nothing else meanwhile
PAGE: Final = 200  # accounts or roles an answer
PATIENCE: Final = 30.0  # seconds for an answer
NOT_FOUND: Final = frozenset({"Client not found", "Role not found", "Group not found"})
EXISTS: Final = frozenset({"Client already exists", "Role already exists"})
_log: Final = logging.getLogger(__name__)
T = TypeVar("T")


class Control:
    """Asks the plugin by a connection of its own, opened by the desk's account; one batch at a time."""

    def __init__(
        self, client: mqtt.Client, *, new_id: ids.Factory, clock: Clock, patience: float = PATIENCE
    ) -> None:
        self._client = client
        self._clock = clock
        self._new_id = new_id
        self._patience = patience
        self._turn = asyncio.Lock()
        self._size = BATCH
        self._asked = ""
        self._answers: asyncio.Future[tuple[Answer, ...]] | None = None
        client.subscribe(words.ANSWER, self._hear, qos=0)
        client.on_connect(self._anew)

    async def ask(self, commands: Sequence[Command]) -> tuple[Answer, ...]:
        """Answers in order, errors among them. At most BATCH commands. Raises Silent, Denied."""
        async with self._turn:
            self._asked = self._new_id()
            self._answers = asyncio.get_running_loop().create_future()
            marked = [{**command, "correlationData": self._asked} for command in commands]
            try:
                async with asyncio.timeout(self._patience):
                    await self._client.publish(words.ASK, msgspec.json.encode({"commands": marked}))
                    return await self._answers
            except TimeoutError:
                raise Silent(f"no answer within {self._patience:g} s to {commands[0]['command']}") from None
            except mqtt.Lost as error:
                raise Silent(str(error)) from None
            except mqtt.Denied as error:
                raise Denied(f"the broker lets this account manage nothing: {error}") from None
            finally:
                self._answers = None

    async def tell(self, commands: Sequence[Command], *, pardon: frozenset[str] = frozenset()) -> None:
        """Have everything done, batch by batch, whatever one of them meets.

        The plugin writes its whole file after each command, so batches are smaller where there are many
        accounts: between two the broker serves others, and a device that must be cut waits for one at most.
        Raises Refused of the first command whose error is not pardoned, Silent, Denied.
        """
        wrong: Refused | None = None
        start = 0
        while start < len(commands):
            batch = commands[start : start + self._size]
            start += len(batch)
            began = self._clock.monotonic()
            answers = await self.ask(batch)
            each = (self._clock.monotonic() - began) / len(batch)
            self._size = max(LEAST, min(BATCH, int(_HELD_UP / each) if each else BATCH))
            for command, answer in zip(batch, answers, strict=True):
                if answer.error and answer.error not in pardon:
                    wrong = wrong or Refused(answer.command, _subject(command), answer.error)
        if wrong:
            raise wrong

    async def client(self, username: str) -> Client | None:
        """One account, or None. Raises Refused, Silent, Denied."""
        return _one((await self.ask([words.get_client(username)]))[0], "client", Client)

    async def role(self, rolename: str) -> Role | None:
        """One role, or None. Raises Refused, Silent, Denied."""
        return _one((await self.ask([words.get_role(rolename)]))[0], "role", Role)

    async def clients(self) -> list[Client]:
        """All accounts. Raises Refused, Silent, Denied."""
        return [one async for one in self._pages(words.list_clients, "clients", Client)]

    async def roles(self) -> list[Role]:
        """All roles. Raises Refused, Silent, Denied."""
        return [one async for one in self._pages(words.list_roles, "roles", Role)]

    async def groups(self) -> list[str]:
        """Names of all groups. Raises Refused, Silent, Denied."""
        (answer,) = await self.ask([words.list_groups()])
        return [str(group) for group in _data(answer, "groups").get("groups", ())]

    async def defaults(self) -> dict[str, bool]:
        """What is allowed where no role says a word, by type. Raises Refused, Silent, Denied."""
        (answer,) = await self.ask([words.get_defaults()])
        return {one["acltype"]: one["allow"] for one in _data(answer, "acls").get("acls", ())}

    async def _pages(
        self, asks: Callable[[int, int], Command], field: str, kind: type[T]
    ) -> AsyncIterator[T]:
        offset, total = 0, 1
        while offset < total:
            (answer,) = await self.ask([asks(PAGE, offset)])
            data = _data(answer, field)
            total = data.get("totalCount", 0)
            for one in data.get(field, ()):
                yield msgspec.convert(one, kind)
            offset += PAGE

    def _hear(self, message: mqtt.Message) -> None:
        """Answers go to everyone who listens, another desk as well: ours carry our mark."""
        try:
            answers = msgspec.json.decode(message.payload, type=Answers).responses
        except msgspec.MsgspecError as error:
            _log.warning("an answer about accounts cannot be read: %s", error)
            return
        if self._answers and not self._answers.done() and _about(answers, self._asked):
            self._answers.set_result(answers)

    def _anew(self) -> None:
        """A connection is new: what was asked on the one before is not answered any more."""
        if self._answers and not self._answers.done():
            self._answers.set_exception(mqtt.Lost("the connection broke before the answer"))


def _about(answers: tuple[Answer, ...], asked: str) -> bool:
    return bool(answers) and answers[0].correlation == asked


def _data(answer: Answer, what: str) -> dict[str, Any]:
    if answer.error:
        raise Refused(answer.command, what, answer.error)
    return answer.data


def _one(answer: Answer, field: str, kind: type[T]) -> T | None:
    if answer.error in NOT_FOUND:
        return None
    return msgspec.convert(_data(answer, field)[field], kind)


def _subject(command: Command) -> str:
    return str(command.get("username") or command.get("rolename") or "")
