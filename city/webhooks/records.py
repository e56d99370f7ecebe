"""Subscriptions and places in the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from city.db import notify
from city.outbox import letters
from city.outbox.tables import outbox
from city.webhooks.errors import Unknown
from city.webhooks.model import Place, State, Subscription, Told, consumer
from city.webhooks.tables import places, webhooks

CHANGED: Final = "imm_webhooks"  # bell: a subscription was made, changed or removed
_FIELDS: Final = Subscription.__struct_fields__
_KEEP: Final = update(places).where(
    places.c.webhook == bindparam("_webhook"), places.c.epoch == bindparam("_epoch")
)


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever delivers needs of a subscription."""

    subscription: Subscription
    place: Place


def add(tx: Connection, new: Subscription, place: Place) -> None:
    """A new subscription."""
    tx.execute(insert(webhooks).values(**msgspec.to_builtins(new)))
    tx.execute(insert(places).values(msgspec.structs.asdict(place)))
    notify(tx, CHANGED)


def get(tx: Connection, webhook: str, *, lock: bool = False) -> Subscription:
    """One subscription; with `lock` nobody else changes it until the transaction ends. Raises Unknown."""
    query = select(webhooks).where(webhooks.c.id == webhook)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise Unknown(webhook)
    return _subscription(row)


def page(tx: Connection, *, owner: str = "", after: str = "", limit: int = 100) -> list[Subscription]:
    """Subscriptions in order of their ids, which is that of their making."""
    query = select(webhooks).where(webhooks.c.id > after).order_by(webhooks.c.id).limit(limit)
    if owner:
        query = query.where(webhooks.c.owner == owner)
    return [_subscription(row) for row in tx.execute(query)]


def count(tx: Connection, owner: str = "") -> int:
    """How many there are."""
    query = select(func.count()).select_from(webhooks)
    return tx.execute(query.where(webhooks.c.owner == owner) if owner else query).scalar_one()


def told(tx: Connection, found: Sequence[Subscription]) -> list[Told]:
    """Subscriptions with their places."""
    ids = [one.id for one in found]
    rows = tx.execute(select(places).where(places.c.webhook.in_(ids)))
    where = {row.webhook: Place(**row._asdict()) for row in rows}
    head = newest(tx)
    kept = letters.count(tx)
    return [
        Told(
            subscription=one,
            place=where[one.id],
            behind=max(0, head - where[one.id].position),
            letters=kept.get(consumer(one.id), 0),
        )
        for one in found
    ]


def newest(tx: Connection) -> int:
    """Position of the newest event."""
    return tx.execute(select(func.max(outbox.c.position))).scalar() or 0


def change(tx: Connection, old: Subscription, **values: Any) -> Subscription:
    """Change it; its row is locked."""
    values["revision"] = old.revision + 1
    tx.execute(update(webhooks).where(webhooks.c.id == old.id).values(**values))
    notify(tx, CHANGED)
    shown = {name: value for name, value in values.items() if name in _FIELDS}
    return msgspec.structs.replace(old, **shown)


def set_place(tx: Connection, webhook: str, position: int) -> None:
    """Go on after this position; whoever delivers hears of it, and forgets what it was about to tell."""
    values = {"position": position, "epoch": places.c.epoch + 1, "not_before": 0}
    tx.execute(update(places).where(places.c.webhook == webhook).values(values))
    notify(tx, CHANGED)


def fresh(tx: Connection, webhook: str) -> None:
    """Forget that it failed: it has all its time again before it is given up."""
    values = {"streak": 0, "failing": None, "not_before": 0, "epoch": places.c.epoch + 1}
    tx.execute(update(places).where(places.c.webhook == webhook).values(values))


def remove(tx: Connection, webhook: str) -> None:
    """Forget a subscription, its place and its letters."""
    tx.execute(webhooks.delete().where(webhooks.c.id == webhook))
    letters.drop_all(tx, consumer(webhook))
    notify(tx, CHANGED)


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """Tells whether what was loaded of a subscription is still so."""

    revision: int
    epoch: int
    owner: str
    owner_kind: str


def versions(tx: Connection) -> dict[str, Version]:
    """Those of active subscriptions."""
    named = (webhooks.c.id, webhooks.c.revision, places.c.epoch, webhooks.c.owner, webhooks.c.owner_kind)
    rows = tx.execute(select(*named).join(places).where(webhooks.c.state == State.ACTIVE))
    return {id_: Version(revision=a, epoch=b, owner=c, owner_kind=d) for id_, a, b, c, d in rows}


def load(tx: Connection, ids: Iterable[str]) -> list[Loaded]:
    """Active ones of these, with what is needed to tell them."""
    wanted = list(ids)
    query = select(webhooks).where(webhooks.c.id.in_(wanted), webhooks.c.state == State.ACTIVE)
    rows = {row.id: row for row in tx.execute(query)}
    found = tx.execute(select(places).where(places.c.webhook.in_(list(rows)))).all()
    return [
        Loaded(subscription=_subscription(rows[place.webhook]), place=Place(**place._asdict()))
        for place in found
    ]


def keep(tx: Connection, found: Sequence[Place]) -> None:
    """Write places. One that someone set by hand meanwhile stays as it was set."""
    if found:
        tx.execute(_KEEP, [{"_webhook": one.webhook, "_epoch": one.epoch, **_moving(one)} for one in found])


def _moving(place: Place) -> dict[str, Any]:
    values = msgspec.structs.asdict(place)
    del values["webhook"], values["epoch"]
    return values


def _subscription(row: Row[Any]) -> Subscription:
    found = row._asdict()
    return msgspec.convert({name: found[name] for name in _FIELDS}, Subscription)
