"""What owners and operators do with subscriptions; each step belongs to the caller's transaction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, text

from city import outbox
from city.outbox import letters
from city.webhooks import records, signing
from city.webhooks.errors import TooMany
from city.webhooks.guard import Guard
from city.webhooks.model import TEST, Place, State, Subscription, Told, consumer
from city.webhooks.settings import Settings
from city.webhooks.vault import Secrets, Vault
from contracts.errors import Refused
from contracts.instants import SECOND
from runtime.clock import Clock
from runtime.ids import Factory

_TYPE: Final = re.compile(r"[a-z_]+(\.[a-z_]+)*(\.\*)?|\*")
_MOST_TYPES: Final = 40
_TITLE: Final = 120
_PARALLEL: Final = 16
_COUNTING: Final = text(
    "SELECT pg_advisory_xact_lock(4950132)"
)  # two that count at once would both find room


class Webhooks:
    """Subscriptions. Whether the caller may is asked before, by who calls."""

    def __init__(
        self, *, clock: Clock, ids: Factory, vault: Vault, guard: Guard, settings: Settings | None = None
    ) -> None:
        self._clock = clock
        self._ids = ids
        self._secrets = Secrets(vault)
        self._guard = guard
        self._settings = settings or Settings()

    def add(
        self,
        tx: Connection,
        *,
        owner: str,
        owner_kind: str,
        url: str,
        types: Sequence[str] = (),
        title: str = "",
        parallel: int | None = None,
        after: int | None = None,
    ) -> tuple[Subscription, str]:
        """New subscription, and its secret, which is shown this once. Raises Refused, TooMany.

        It begins with what happens from now on, or `after` a position; 0: with the oldest that is kept.
        """
        now = self._clock.now()
        new = Subscription(
            id=self._ids(),
            owner=owner,
            owner_kind=owner_kind,
            title=_title(title),
            url=str(self._guard.check(url)),
            types=self._types(types),
            parallel=_parallel(self._settings.parallel if parallel is None else parallel),
            state=State.ACTIVE,
            reason="",
            since=now,
            created=now,
            updated=now,
            revision=1,
        )
        if tx.dialect.name == "postgresql":
            tx.execute(_COUNTING)
        for most, whose in ((self._settings.each, owner), (self._settings.most, "")):
            if records.count(tx, whose) >= most:
                raise TooMany(most, "of this owner" if whose else "in all")
        secret = signing.secret()
        begin = records.newest(tx) if after is None else _position(after)
        place = Place(webhook=new.id, position=begin, changed=now)
        records.add(tx, new, place)
        self._secrets.keep(tx, new.id, secret)
        return new, secret

    def get(self, tx: Connection, webhook: str) -> Told:
        """One with its place. Raises Unknown."""
        return records.told(tx, [records.get(tx, webhook)])[0]

    def page(self, tx: Connection, *, owner: str = "", after: str = "", limit: int = 100) -> list[Told]:
        """Those of an owner, or all, in the order in which they were made."""
        return records.told(tx, records.page(tx, owner=owner, after=after, limit=limit))

    def change(
        self,
        tx: Connection,
        webhook: str,
        *,
        revision: int,
        url: str | None = None,
        types: Sequence[str] | None = None,
        title: str | None = None,
        parallel: int | None = None,
    ) -> Subscription:
        """Change what is given, if it is still at this revision. Raises Unknown, Stale, Refused."""
        values: dict[str, Any] = {"updated": self._clock.now()}
        if url is not None:
            values["url"] = str(self._guard.check(url))
        if types is not None:
            values["types"] = self._types(types)
        if title is not None:
            values["title"] = _title(title)
        if parallel is not None:
            values["parallel"] = _parallel(parallel)
        return records.change(tx, records.get(tx, webhook, revision=revision), **values)

    def pause(self, tx: Connection, webhook: str, *, reason: str = "") -> Subscription:
        """Tell it nothing until it is active again. Raises Unknown."""
        return self._turn(tx, webhook, State.PAUSED, reason)

    def activate(self, tx: Connection, webhook: str) -> Subscription:
        """Go on where it stood, at once. Raises Unknown."""
        records.fresh(tx, webhook)
        return self._turn(tx, webhook, State.ACTIVE, "")

    def rewind(self, tx: Connection, webhook: str, *, position: int) -> Subscription:
        """Tell again what came after this position, or pass over what did not. Raises Unknown, Refused."""
        found = records.get(tx, webhook)
        records.set_place(tx, webhook, _position(position))
        return found

    def rotate(
        self, tx: Connection, webhook: str, *, overlap: float | None = None
    ) -> tuple[Subscription, str]:
        """A new secret, shown this once; the old one signs too for `overlap` seconds. Raises Unknown."""
        old = records.get(tx, webhook)
        secret = signing.secret()
        now = self._clock.now()
        both = self._settings.overlap if overlap is None else overlap
        before = self._secrets.read(tx, webhook)[0] if both > 0 else None
        new = records.change(tx, old, updated=now, rotated=now + round(both * SECOND))
        self._secrets.keep(tx, webhook, secret, before=before)
        return new, secret

    def remove(self, tx: Connection, webhook: str) -> None:
        """Forget it, its place and its letters, and destroy what opens its secrets. Raises Unknown."""
        records.get(tx, webhook)
        records.remove(tx, webhook)
        self._secrets.forget(tx, webhook)

    def test(self, tx: Connection, webhook: str) -> str:
        """Send an event to this subscription alone; the event's id. Raises Unknown."""
        found = records.get(tx, webhook)
        event = outbox.event(
            TEST,
            id=self._ids(),
            source="/webhooks",
            subject=found.id,
            time=self._clock.now(),
            data={"webhook": found.id, "title": found.title},
        )
        outbox.append(tx, event)
        return event.id

    def replay(self, tx: Connection, webhook: str, *, since: int = 0) -> int:
        """Have its dead letters sent again, from a position on; how many. Raises Unknown."""
        records.get(tx, webhook)
        return letters.ask(tx, now=self._clock.now(), consumer=consumer(webhook), since=since)

    def _turn(self, tx: Connection, webhook: str, state: State, reason: str) -> Subscription:
        now = self._clock.now()
        old = records.get(tx, webhook)
        return records.change(tx, old, state=state, reason=reason[:500], since=now, updated=now)

    def _types(self, types: Sequence[str]) -> tuple[str, ...]:
        if len(types) > _MOST_TYPES:
            raise Refused(
                "types", len(types), f"at most {_MOST_TYPES}; a pattern such as incident.* takes several"
            )
        for pattern in types:
            if not _TYPE.fullmatch(pattern):
                raise Refused("types", pattern, "names such as alert.firing, or incident.*")
            if not any(_covers(wider, pattern) for wider in self._settings.types):
                raise Refused("types", pattern, f"may leave by webhook: {', '.join(self._settings.types)}")
        return tuple(dict.fromkeys(types))


def _covers(wider: str, pattern: str) -> bool:
    """Whether all types of a pattern, or some for `*`, are among those of a wider one."""
    return (
        pattern in ("*", wider) or wider == "*" or (wider.endswith(".*") and pattern.startswith(wider[:-1]))
    )


def _title(title: str) -> str:
    if len(title) > _TITLE or not title.isprintable():
        raise Refused("title", title, f"at most {_TITLE} characters on one line")
    return title


def _parallel(parallel: int) -> int:
    if not 1 <= parallel <= _PARALLEL:
        raise Refused("parallel", parallel, f"1 to {_PARALLEL}")
    return parallel


def _position(position: int) -> int:
    if position < 0:
        raise Refused("after", position, "a position, 0 for all that is kept")
    return position
