"""Where somebody is signed in. The token is kept as a hash alone."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from city.identity import opaque
from city.identity.came import Came
from city.identity.model import Person
from city.identity.settings import Sessions as Limits
from city.identity.tables.doors import sessions
from contracts.instants import SECOND


class Method(StrEnum):
    """By what a session began."""

    PASSWORD = "password"  # noqa: S105 - the word
    PASSKEY = "passkey"
    LINK = "link"
    CODE = "code"
    OIDC = "oidc"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One session, as its owner sees it."""

    id: str
    person: str
    method: Method
    agent: str  # browser, in its own words
    address: str  # network
    created: int  # µs UTC
    seen: int  # µs UTC, to the minute
    idle: int  # µs UTC: over by then, where nobody comes before
    ends: int  # µs UTC: over by then in any case
    strong: int | None = None  # µs UTC when the second factor was shown


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A session and its token, which nobody sees again."""

    token: str
    session: Session
    next: tuple[str, ...] = ()  # second factors of which one must be shown; `enrol`: there is none yet
    device: str = ""  # for this browser to keep: others' failures do not slow it

    def __repr__(self) -> str:
        return f"Opened(session={self.session.id!r}, next={self.next!r})"  # a log may show it


_FIELDS: Final = Session.__struct_fields__


def begin(
    tx: Connection,
    person: Person,
    method: Method,
    came: Came,
    *,
    id: str,  # noqa: A002 - the session's
    now: int,
    limits: Limits,
    strong: bool = False,
) -> Opened:
    """A new session. Staff's is short until it is strong."""
    token = opaque.new()
    idle, ends = spans(person, limits, strong=strong)
    session = Session(
        id=id,
        person=person.id,
        method=method,
        agent=came.browser,
        address=came.network,
        created=now,
        seen=now,
        idle=now + idle,
        ends=now + ends,
        strong=now if strong else None,
    )
    row = msgspec.to_builtins(session) | {"hash": opaque.digest(token), "why": ""}
    tx.execute(insert(sessions).values(**row))
    return Opened(token=token, session=session)


def strengthen(tx: Connection, old: Session, person: Person, *, now: int, limits: Limits) -> Opened | None:
    """The session with its second factor, under a new token; None where it is over by now."""
    token = opaque.new()
    idle, ends = spans(person, limits, strong=True)
    # A session that was strong already does not live longer by showing the factor again.
    until = old.ends if old.strong is not None else now + ends
    new = msgspec.structs.replace(old, strong=now, seen=now, idle=min(now + idle, until), ends=until)
    values = {"hash": opaque.digest(token), "strong": now, "seen": now, "idle": new.idle, "ends": until}
    mine = (sessions.c.id == old.id) & sessions.c.ended.is_(None)
    if not tx.execute(update(sessions).where(mine).values(**values)).rowcount:
        return None
    return Opened(token=token, session=new)


def spans(person: Person, limits: Limits, *, strong: bool) -> tuple[int, int]:
    """µs after which a session ends by itself: without a visit, and in any case."""
    if person.citizen:
        return round(limits.citizen_idle * SECOND), round(limits.citizen_ends * SECOND)
    if not strong:
        return round(limits.pending * SECOND), round(limits.pending * SECOND)
    return round(limits.idle * SECOND), round(limits.ends * SECOND)


def standing(tx: Connection, token: str, now: int) -> Session | None:
    """The session of a token, unless it is over."""
    query = select(sessions).where(sessions.c.hash == opaque.digest(token), *_stands(now))
    row = tx.execute(query).one_or_none()
    return None if row is None else session(row)


def of(tx: Connection, person: str, now: int) -> Sequence[Session]:
    """Sessions of a person that are not over, newest first."""
    query = select(sessions).where(sessions.c.person == person, *_stands(now))
    return [session(row) for row in tx.execute(query.order_by(sessions.c.seen.desc(), sessions.c.id))]


def end(tx: Connection, id_: str, now: int, *, why: str) -> str | None:
    """End one session; id of its person, None where it was over."""
    mine = (sessions.c.id == id_) & sessions.c.ended.is_(None)
    person: str | None = tx.execute(
        update(sessions).where(mine).values(ended=now, why=why).returning(sessions.c.person)
    ).scalar_one_or_none()
    return person


def end_all(tx: Connection, person: str, now: int, *, why: str, but: str = "") -> int:
    """End all sessions of a person but one; how many."""
    mine = (sessions.c.person == person) & sessions.c.ended.is_(None) & (sessions.c.id != but)
    return tx.execute(update(sessions).where(mine).values(ended=now, why=why)).rowcount


def session(row: Row[Any]) -> Session:
    """Row → record."""
    return msgspec.convert({name: row._mapping[name] for name in _FIELDS}, Session)  # noqa: SLF001 - public


def _stands(now: int) -> tuple[Any, ...]:
    # One that begins ahead of now comes from a clock that was wrong; its end is bound by the sweep.
    return (sessions.c.ended.is_(None), sessions.c.idle > now, sessions.c.ends > now)
