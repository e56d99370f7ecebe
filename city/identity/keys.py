"""Keys and tokens of apps: made, found by what an app shows, ended. Kept as hashes alone."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select, update

from city.identity import opaque
from city.identity.errors import Unknown
from city.identity.tables.doors import keys, tokens

KEY: Final = "imk_"  # what a key begins with: tools that look for leaked secrets find it
TOKEN: Final = "imt_"  # noqa: S105 - what a token begins with
_SIGNS: Final = "abcdefghjkmnpqrstuvwxyz23456789"


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its secret."""

    id: str
    app: str
    prefix: str  # to recognise it by
    label: str
    scopes: tuple[str, ...]  # permissions to which it cuts down what its app may
    per_minute: int  # requests
    per_day: int  # requests, UTC
    made_by: str
    created: int  # µs UTC
    expires: int  # µs UTC
    successor: str | None = None  # id of the key that takes its place
    revoked: int | None = None  # µs UTC
    used: int | None = None  # µs UTC, to the minute

    def works(self, now: int) -> bool:
        """Whether it opens anything."""
        return self.revoked is None and now < self.expires


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A new key with its secret, which nobody sees again."""

    key: Key
    secret: str

    def __repr__(self) -> str:
        return f"Made(key={self.key!r})"  # a log may show it


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A short-lived stand-in for a key (OAuth 2 client credentials)."""

    id: str
    key: str
    scopes: tuple[str, ...]
    created: int  # µs UTC
    expires: int  # µs UTC


def prefix() -> str:
    """A name for a new key."""
    return "".join(secrets.choice(_SIGNS) for _ in range(10))


def make(tx: Connection, key: Key) -> Made:
    """Keep a new key."""
    secret = opaque.new(f"{KEY}{key.prefix}_")
    tx.execute(insert(keys).values(**msgspec.to_builtins(key), hash=opaque.digest(secret)))
    return Made(key=key, secret=secret)


def of(tx: Connection, app: str) -> Sequence[Key]:
    """Keys of an app, newest first."""
    query = select(keys).where(keys.c.app == app).order_by(keys.c.created.desc(), keys.c.id.desc())
    return [_key(row) for row in tx.execute(query).mappings()]


def find(tx: Connection, id_: str) -> Key:
    """One key. Raises Unknown."""
    row = tx.execute(select(keys).where(keys.c.id == id_)).mappings().one_or_none()
    if row is None:
        raise Unknown("key", id_)
    return _key(row)


def shown(tx: Connection, secret: str, now: int) -> Key | None:
    """The key of a secret, while it works."""
    name = secret.removeprefix(KEY).partition("_")[0]
    if not name.isascii() or not name.isalnum():
        return None
    row = tx.execute(select(keys).where(keys.c.prefix == name)).mappings().one_or_none()
    if row is None or not opaque.same(row["hash"], opaque.digest(secret)):
        return None
    key = _key(row)
    return key if key.works(now) else None


def succeed(tx: Connection, old: Key, new: Key, *, until: int) -> None:
    """Let a key end, since another takes its place."""
    tx.execute(update(keys).where(keys.c.id == old.id).values(successor=new.id, expires=until))


def revoke(tx: Connection, id_: str, now: int) -> bool:
    """Let a key open nothing from now on; whether it did before."""
    mine = (keys.c.id == id_) & keys.c.revoked.is_(None)
    return bool(tx.execute(update(keys).where(mine).values(revoked=now)).rowcount)


def issue(tx: Connection, token: Token) -> str:
    """Keep a new token; its secret."""
    secret = opaque.new(TOKEN)
    tx.execute(insert(tokens).values(**msgspec.to_builtins(token), hash=opaque.digest(secret)))
    return secret


def token(tx: Connection, secret: str, now: int) -> tuple[Token, Key] | None:
    """The token of a secret and the key that it stands for, while both work."""
    query = select(tokens).where(tokens.c.hash == opaque.digest(secret), tokens.c.expires > now)
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        return None
    found = _record(row, Token)
    key = find(tx, found.key)
    return (found, key) if key.works(now) else None


def _key(row: RowMapping) -> Key:
    found: Key = _record(row, Key)
    return found


def _record(row: RowMapping, kind: Any) -> Any:
    return msgspec.convert({name: row[name] for name in kind.__struct_fields__}, kind)
