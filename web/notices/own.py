"""What somebody does with his own notices and choices, each call a transaction. Calls block: use a thread."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Connection

from city import revisions
from city.db import Database
from city.identity import persons
from city.identity.caller import Caller
from city.identity.tables.people import people
from city.notifications import Channel, Item, Notifications
from city.notifications.preferences import Choices
from city.notifications.subscriptions import Subscription
from runtime.clock import Clock
from web.language import Language

Wanted = Mapping[tuple[str, Channel], bool]  # (topic, channel) → whether he wants it
KIND: Final = "notice choices"


class Inbox(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the inbox."""

    items: list[Item]
    unread: int  # of all, not of this page
    more: bool


class Own:
    """One's own inbox, choices and browsers."""

    def __init__(self, db: Database, notifications: Notifications, clock: Clock) -> None:
        self._db = db
        self._found = notifications
        self._clock = clock
        self.push_key = notifications.push_key

    def page(
        self, by: Caller, *, language: Language, before: str = "", limit: int = 50, unread: bool = False
    ) -> Inbox:
        """Newest first."""
        with self._db.read() as tx:
            found = self._found.inbox.page(
                tx,
                by.id,
                language=language,
                name=by.name,
                before=before,
                limit=limit + 1,
                unread=unread,
            )
            count = self._found.inbox.unread(tx, by.id)
        return Inbox(items=found[:limit], unread=count, more=len(found) > limit)

    def unread(self, by: Caller) -> int:
        """How many he has not read."""
        with self._db.read() as tx:
            return self._found.inbox.unread(tx, by.id)

    def read(self, by: Caller, notice: str) -> str:
        """He has read one; where he may read on. Raises Unknown."""
        with self._db.begin() as tx:
            return self._found.inbox.read(tx, by.id, notice, now=self._clock.now())

    def read_all(self, by: Caller, upto: str) -> int:
        """He has read all up to this one; how many."""
        with self._db.begin() as tx:
            return self._found.inbox.read_all(tx, by.id, upto=upto, now=self._clock.now())

    def choices(self, by: Caller, language: Language) -> Choices:
        """What he has chosen, and could."""
        with self._db.read() as tx:
            return self._found.preferences.choices(tx, by.id, language=language)

    def choose(self, by: Caller, wanted: Wanted, *, seen: int | None, language: Language) -> Choices:
        """Switch topics on channels on or off. Raises Outdated, Unknown, Locked, Refused."""

        def work(tx: Connection) -> None:
            for (topic, channel), on in wanted.items():
                self._found.preferences.choose(tx, by.id, topic, channel, wanted=on, now=self._clock.now())

        return self._changed(by, work, seen=seen, language=language)

    def keep_quiet(self, by: Caller, hours: str | None, *, seen: int | None, language: Language) -> Choices:
        """Hours of his own, none (empty), or the city's again (None). Raises Outdated, Refused."""

        def work(tx: Connection) -> None:
            self._found.preferences.keep_quiet(tx, by.id, hours, now=self._clock.now())

        return self._changed(by, work, seen=seen, language=language)

    def browsers(self, by: Caller) -> dict[str, str]:
        """Browsers that take pushes for him: id → push service; the address itself is a secret."""
        with self._db.read() as tx:
            found = self._found.subscriptions.of(tx, by.id)
        return {id_: urlsplit(one.endpoint).hostname or "" for id_, one in found.items()}

    def add(self, tx: Connection, by: Caller, found: Subscription) -> str:
        """Keep a browser's subscription; its id. Raises Refused, Erased, NoVault."""
        return self._found.subscriptions.add(tx, by.id, found)

    def remove(self, by: Caller, browser: str) -> None:
        """Forget a browser. Raises Unknown."""
        with self._db.begin() as tx:
            self._found.subscriptions.remove(tx, by.id, browser)

    def _changed(
        self, by: Caller, work: Callable[[Connection], None], *, seen: int | None, language: Language
    ) -> Choices:
        """Change what he saw, and nothing else: another of his browsers may have been quicker."""
        with self._db.begin() as tx:
            persons.find(tx, people.c.id == by.id, lock=True)  # his two browsers one after the other
            now = self._found.preferences.choices(tx, by.id, language=language)
            revisions.check(KIND, by.id, seen=seen, now=revision(now))
            work(tx)
            return self._found.preferences.choices(tx, by.id, language=language)


def revision(choices: Choices) -> int:
    """Choices have no count of changes: what they are is their revision, in whatever language."""
    said = [(one.topic, sorted(one.channels.items())) for one in choices.topics]
    return zlib.crc32(msgspec.json.encode((said, choices.quiet, choices.own)))
