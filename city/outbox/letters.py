"""Dead letters: what a consumer failed to take again and again. A person looks, and has them taken again.

One table for all that leaves the platform: handlers and deliverers of the outbox, webhooks, channels of
notices. Nothing here runs by itself: who drives a consumer takes its letters from `asked`, and tells `done`
or `again`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from city.db import notify
from city.errors import Unknown
from city.outbox.tables import failures
from runtime.logs import clean

ASKED: Final = "imm_letters_asked"  # bell: someone wants letters taken again
_SUBJECT: Final = 200  # characters


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a consumer could not take, so that the next one had its turn."""

    id: int = 0  # the database gives it
    consumer: str  # `tangi.alerts`, `webhook.{id}`, `notices.sms`
    position: int  # of the event, or the number of the item in the consumer's own queue
    type: str  # of the event, without the platform's prefix
    subject: str
    event: str  # CloudEvent in JSON, or what the consumer's own queue holds; never personal data in clear
    attempts: int
    error: str  # of the last attempt
    parked: int  # µs UTC
    asked: int | None = None  # µs UTC since when it waits to be taken again; None: a person has to decide


def park(tx: Connection, letter: Letter) -> None:
    """Keep what a consumer could not take. The same one again replaces what was kept of it."""
    values = msgspec.structs.asdict(letter) | {
        "subject": letter.subject[:_SUBJECT],
        "error": told(letter.error),
    }
    del values["id"]
    same = (failures.c.consumer == letter.consumer) & (failures.c.position == letter.position)
    if not tx.execute(update(failures).where(same).values(values)).rowcount:
        tx.execute(insert(failures).values(values))


def page(tx: Connection, *, consumer: str = "", after: int = 0, limit: int = 100) -> list[Letter]:
    """Letters in order of their id, oldest first."""
    query = select(failures).where(failures.c.id > after).order_by(failures.c.id).limit(limit)
    if consumer:
        query = query.where(failures.c.consumer == consumer)
    return [_letter(row) for row in tx.execute(query)]


def get(tx: Connection, letter: int) -> Letter:
    """One letter. Raises Unknown."""
    row = tx.execute(select(failures).where(failures.c.id == letter)).one_or_none()
    if row is None:
        raise Unknown("letter", letter)
    return _letter(row)


def count(tx: Connection) -> dict[str, int]:
    """How many letters each consumer has."""
    query = select(failures.c.consumer, func.count().label("letters")).group_by(failures.c.consumer)
    return {row.consumer: row.letters for row in tx.execute(query)}


def ask(tx: Connection, *, now: int, ids: Sequence[int] = (), consumer: str = "", since: int = 0) -> int:
    """Have letters taken again: those named, or a consumer's from a position on; how many. Raises Unknown.

    Each is tried once by who drives the consumer. One that fails again is kept, with the new reason.
    """
    if bool(ids) == bool(consumer):
        raise ValueError("name the letters, or whose")
    chosen = (
        failures.c.id.in_(ids) if ids else (failures.c.consumer == consumer) & (failures.c.position >= since)
    )
    found = tx.execute(update(failures).where(chosen).values(asked=now)).rowcount
    if found < len(set(ids)):
        raise Unknown("letters", ", ".join(map(str, ids)))
    notify(tx, ASKED)
    return found


def drop(tx: Connection, ids: Sequence[int]) -> int:
    """Forget letters for good; how many there were."""
    return tx.execute(delete(failures).where(failures.c.id.in_(ids))).rowcount


def drop_all(tx: Connection, consumer: str) -> int:
    """Forget all letters of a consumer that is no more; how many."""
    return tx.execute(delete(failures).where(failures.c.consumer == consumer)).rowcount


def waiting(tx: Connection) -> list[str]:
    """Consumers that have letters to take again."""
    return list(
        tx.execute(select(failures.c.consumer).where(failures.c.asked.is_not(None)).distinct()).scalars()
    )


def asked(tx: Connection, consumer: str, limit: int = 100) -> list[Letter]:
    """Letters that this consumer is to take again, in the order of their positions."""
    mine = (failures.c.consumer == consumer) & failures.c.asked.is_not(None)
    query = select(failures).where(mine).order_by(failures.c.position).limit(limit)
    return [_letter(row) for row in tx.execute(query)]


def done(tx: Connection, letter: Letter) -> bool:
    """It was taken: forget it. False where it is gone already, and what was done for it must be undone."""
    mine = (failures.c.id == letter.id) & failures.c.asked.is_not(None)
    return tx.execute(delete(failures).where(mine)).rowcount == 1


def again(tx: Connection, letter: Letter, error: BaseException | str) -> None:
    """It was refused again: keep it for a person, with the new reason."""
    values = {"asked": None, "attempts": failures.c.attempts + 1, "error": told(error)}
    tx.execute(update(failures).where(failures.c.id == letter.id).values(values))


def forget(tx: Connection, *, before: int) -> int:
    """Delete letters parked before an instant (µs UTC); how many."""
    return tx.execute(delete(failures).where(failures.c.parked < before)).rowcount


def told(error: BaseException | str) -> str:
    """Error → one line for tables and logs."""
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return clean(text, 500)


def _letter(row: Row[Any]) -> Letter:
    return Letter(**row._asdict())
