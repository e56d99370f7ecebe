"""What an operator does with dead letters on the pages. Calls block: use a thread."""

from __future__ import annotations

from sqlalchemy import Connection

from city.audit import Entry, Trail
from city.db import Database
from city.identity.caller import Caller
from city.outbox import letters
from city.outbox.letters import Letter
from runtime.clock import Clock


class Lost:
    """Dead letters of all that leaves the platform; each step is noted in the trail."""

    def __init__(self, db: Database, clock: Clock, trail: Trail) -> None:
        self._db = db
        self._clock = clock
        self._trail = trail

    def count(self) -> dict[str, int]:
        """How many each consumer has, by name."""
        with self._db.read() as tx:
            return dict(sorted(letters.count(tx).items()))

    def page(self, consumer: str, *, after: int, limit: int) -> list[Letter]:
        """Oldest first; of one consumer, or of all."""
        with self._db.read() as tx:
            return letters.page(tx, consumer=consumer, after=after, limit=limit)

    def get(self, letter: int) -> Letter:
        """One. Raises Unknown."""
        with self._db.read() as tx:
            return letters.get(tx, letter)

    def replay(self, by: Caller, letter: int) -> None:
        """Have one taken again. Raises Unknown."""
        with self._db.begin() as tx:
            letters.ask(tx, now=self._clock.now(), ids=[letter])
            self._note(by, "replayed", str(letter), tx)

    def replay_all(self, by: Caller, consumer: str) -> int:
        """Have all letters of a consumer taken again; how many."""
        with self._db.begin() as tx:
            found = letters.ask(tx, now=self._clock.now(), consumer=consumer)
            if found:
                self._note(by, "replayed", consumer, tx)
        return found

    def drop(self, by: Caller, letter: int) -> None:
        """Forget one for good."""
        with self._db.begin() as tx:
            if letters.drop(tx, [letter]):
                self._note(by, "dropped", str(letter), tx)

    def _note(self, by: Caller, action: str, record: str, tx: Connection) -> None:
        self._trail.note(tx, Entry(by=by.id, action=action, kind="outbox.letter", record=record))
