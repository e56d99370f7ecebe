"""What owners and operators do with subscriptions, in the caller's transaction; each step is noted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, text

from city import outbox, revisions
from city.audit import Entry, Trail
from city.db import notify
from city.identity.caller import Caller, Kind
from city.outbox import letters
from city.outbox.letters import Letter
from city.webhooks import fields, records, signing
from city.webhooks.ears import Ears
from city.webhooks.errors import TooMany, Unknown
from city.webhooks.guard import Guard
from city.webhooks.model import TEST, Place, State, Subscription, Told, consumer
from city.webhooks.settings import Settings
from city.webhooks.vault import Secrets, Vault
from contracts.instants import SECOND
from runtime.clock import Clock
from runtime.ids import Factory

OWN: Final = "webhooks.subscriptions.own"  # have subscriptions
MANAGE: Final = "webhooks.subscriptions.manage"  # see and change those of others
_COUNTING: Final = text("SELECT pg_advisory_xact_lock(4950132)")  # two that count both find the last room


class Webhooks:
    """Subscriptions. Whose it is may do all with it; to others it does not exist, but to who may manage."""

    def __init__(
        self,
        *,
        clock: Clock,
        ids: Factory,
        vault: Vault,
        guard: Guard,
        ears: Ears,
        trail: Trail,
        settings: Settings | None = None,
    ) -> None:
        self._clock = clock
        self._ids = ids
        self._secrets = Secrets(vault)
        self._guard = guard
        self._ears = ears
        self._trail = trail
        self._settings = settings or Settings()

    def add(
        self,
        tx: Connection,
        by: Caller,
        *,
        url: str,
        types: Sequence[str] = (),
        title: str = "",
        parallel: int | None = None,
        after: int | None = None,
    ) -> tuple[Subscription, str]:
        """New subscription of the caller, and its secret, which is shown this once. Raises Refused, TooMany.

        It begins with what happens from now on, or `after` a position; 0: with the oldest that is kept.
        """
        now = self._clock.now()
        new = Subscription(
            id=self._ids(),
            owner=by.id,
            owner_kind=by.kind,
            title=fields.title(title),
            url=str(self._guard.check(url)),
            types=fields.types(types, self._ears, by),
            parallel=fields.parallel(self._settings.parallel if parallel is None else parallel),
            state=State.ACTIVE,
            reason="",
            since=now,
            created=now,
            updated=now,
            revision=1,
        )
        if tx.dialect.name == "postgresql":
            tx.execute(_COUNTING)
        for most, whose in ((self._settings.each, by.id), (self._settings.most, "")):
            if records.count(tx, whose) >= most:
                raise TooMany(most, "of this owner" if whose else "in all")
        secret = signing.secret()
        begin = records.newest(tx) if after is None else fields.position(after)
        records.add(tx, new, Place(webhook=new.id, position=begin, changed=now))
        self._secrets.keep(tx, new.id, secret)
        self._note(tx, by, "added", new, ("url", "types", "title"))
        return new, secret

    def get(self, tx: Connection, by: Caller, webhook: str) -> Told:
        """One with its place. Raises Unknown."""
        return records.told(tx, [self._find(tx, by, webhook)])[0]

    def page(
        self, tx: Connection, by: Caller, *, all_: bool = False, after: str = "", limit: int = 100
    ) -> list[Told]:
        """One's own in the order in which they were made, or everybody's, for who may manage."""
        owner = "" if all_ and by.may(MANAGE) else by.id
        return records.told(tx, records.page(tx, owner=owner, after=after, limit=limit))

    def change(
        self,
        tx: Connection,
        by: Caller,
        webhook: str,
        *,
        seen: int | None,
        url: str | None = None,
        types: Sequence[str] | None = None,
        title: str | None = None,
        parallel: int | None = None,
    ) -> Subscription:
        """Change what is given, if it is still in the revision `seen`. Raises Unknown, Outdated, Refused."""
        old = self._find(tx, by, webhook, seen=seen)
        values: dict[str, Any] = {}
        if url is not None:
            values["url"] = str(self._guard.check(url))
        if types is not None:
            values["types"] = fields.types(types, self._ears, by)
        if title is not None:
            values["title"] = fields.title(title)
        if parallel is not None:
            values["parallel"] = fields.parallel(parallel)
        self._note(tx, by, "changed", old, tuple(values))
        return records.change(tx, old, updated=self._clock.now(), **values)

    def pause(self, tx: Connection, by: Caller, webhook: str, *, reason: str = "") -> Subscription:
        """Tell it nothing until it is active again. Raises Unknown, Refused."""
        return self._turn(tx, by, webhook, State.PAUSED, fields.reason(reason))

    def activate(self, tx: Connection, by: Caller, webhook: str) -> Subscription:
        """Go on where it stood, at once. Raises Unknown."""
        found = self._turn(tx, by, webhook, State.ACTIVE, "")
        records.fresh(tx, webhook)
        return found

    def rewind(self, tx: Connection, by: Caller, webhook: str, *, after: int) -> Subscription:
        """Tell again what came after this position, or pass over what did not. Raises Unknown, Refused."""
        found = self._find(tx, by, webhook, lock=True)
        records.set_place(tx, webhook, fields.position(after))
        self._note(tx, by, "rewound", found)
        return found

    def rotate(
        self, tx: Connection, by: Caller, webhook: str, *, overlap: float | None = None
    ) -> tuple[Subscription, str]:
        """A new secret, shown this once; the old one signs too for `overlap` seconds. Raises Unknown."""
        old = self._find(tx, by, webhook, lock=True)
        secret = signing.secret()
        now = self._clock.now()
        both = self._settings.overlap if overlap is None else overlap
        before = self._secrets.read(tx, webhook)[0] if both > 0 else None
        new = records.change(tx, old, updated=now, rotated=now + round(both * SECOND))
        self._secrets.keep(tx, webhook, secret, before=before)
        self._note(tx, by, "rotated", new, ("secret",))
        return new, secret

    def remove(self, tx: Connection, by: Caller, webhook: str, *, seen: int | None = None) -> None:
        """Forget it, its place, its letters, and what opens its secrets. Raises Unknown, Outdated."""
        found = self._find(tx, by, webhook, seen=seen)
        records.remove(tx, webhook)
        self._secrets.forget(tx, webhook)
        self._note(tx, by, "removed", found)

    def test(self, tx: Connection, by: Caller, webhook: str) -> str:
        """Send an event to this subscription alone; the event's id. Raises Unknown."""
        found = self._find(tx, by, webhook)
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

    def letters(
        self, tx: Connection, by: Caller, webhook: str, *, after: int = 0, limit: int = 100
    ) -> list[Letter]:
        """Its dead letters in order of their ids. Raises Unknown."""
        found = self._find(tx, by, webhook)
        return letters.page(tx, consumer=consumer(found.id), after=after, limit=limit)

    def replay(self, tx: Connection, by: Caller, webhook: str, *, since: int = 0) -> int:
        """Have its dead letters sent again, from a position on; how many. Raises Unknown."""
        found = self._find(tx, by, webhook)
        self._note(tx, by, "replayed", found)
        notify(tx, records.CHANGED)  # whoever delivers looks at once
        return letters.ask(tx, now=self._clock.now(), consumer=consumer(webhook), since=since)

    def _turn(self, tx: Connection, by: Caller, webhook: str, state: State, reason: str) -> Subscription:
        now = self._clock.now()
        old = self._find(tx, by, webhook, lock=True)
        self._note(tx, by, state, old, why=reason)
        return records.change(tx, old, state=state, reason=reason, since=now, updated=now)

    def _find(
        self, tx: Connection, by: Caller, webhook: str, *, lock: bool = False, seen: int | None = None
    ) -> Subscription:
        found = records.get(tx, webhook, lock=lock or seen is not None)
        mine = by.id == found.owner and by.kind == found.owner_kind
        if not (mine or by.kind == Kind.SYSTEM or by.may(MANAGE)):
            raise Unknown(webhook)
        revisions.check("webhook", webhook, seen=seen, now=found.revision)
        return found

    def _note(
        self,
        tx: Connection,
        by: Caller,
        action: str,
        of: Subscription,
        changed: tuple[str, ...] = (),
        why: str = "",
    ) -> None:
        entry = Entry(by=by.id, action=action, kind="webhook", record=of.id, fields=changed, why=why)
        self._trail.note(tx, entry)
