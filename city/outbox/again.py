"""Letters that someone asked for go to their handler or deliverer once more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from city.db import Database
from city.errors import Later, Unavailable
from city.outbox import letters
from city.outbox.consumers import Consumer, Deliverer, Handler
from city.outbox.letters import Letter
from contracts import cloudevents

Thread = Callable[..., Awaitable[Any]]  # runs a blocking call beside the loop


async def again(db: Database, consumer: Consumer, thread: Thread) -> None:
    """Hand a consumer its letters in order, each once. Raises Later, Unavailable: the rest still waits."""
    for letter in await thread(_asked, db, consumer.name):
        try:
            if isinstance(consumer, Deliverer):
                async with asyncio.timeout(consumer.limit):
                    await consumer.deliver(cloudevents.decode(letter.event.encode()))
                await thread(_done, db, letter)
            else:
                await thread(_apply, db, consumer, letter)
        except (Later, Unavailable):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a consumer's fault is, the letter tells it
            await thread(_failed, db, letter, error)


def _asked(db: Database, consumer: str) -> list[Letter]:
    with db.read() as tx:
        return letters.asked(tx, consumer)


def _apply(db: Database, handler: Handler, letter: Letter) -> None:
    with db.begin() as tx:
        if letters.done(tx, letter):
            handler.apply(tx, cloudevents.decode(letter.event.encode()))


def _done(db: Database, letter: Letter) -> None:
    with db.begin() as tx:
        letters.done(tx, letter)


def _failed(db: Database, letter: Letter, error: Exception) -> None:
    with db.begin() as tx:
        letters.again(tx, letter, error)
