"""The console's port of dead letters, over the store's and ingest's replay."""

from __future__ import annotations

from collections.abc import Sequence

from console.errors import Unknown
from console.ports import Change, Letter, Replay
from contracts import sketches
from ingest.errors import Unreplayable
from ingest.replay import Replay as Replaying
from store.dead_letters import DeadLetters
from store.sink import DeadLetter

SHOWN = 16_384  # bytes of a payload that the console shows
HIDDEN = b"(a sketch of visitors: shown to nobody)"


class Letters:
    """console.ports.Letters."""

    def __init__(self, dead: DeadLetters, replaying: Replaying) -> None:
        self._dead = dead
        self._replaying = replaying

    def count(self) -> int:
        """How many wait for a decision."""
        return self._dead.count()

    def page(self, *, after: str, limit: int, replayed: bool = False) -> list[Letter]:
        """Letters in order of id, oldest first."""
        return [_shown(letter) for letter in self._dead.list(after=after, limit=limit, replayed=replayed)]

    def replay(self, ids: Sequence[str], *, dry: bool) -> list[Replay]:
        """Take letters in again, or only say what would become of them. Raises LookupError."""
        return [self._one(letter, dry=dry) for letter in ids]

    def _one(self, letter: str, *, dry: bool) -> Replay:
        try:
            outcome = self._replaying.dry_run(letter) if dry else self._replaying.replay(letter)
        except LookupError:
            raise Unknown("dead letter", letter) from None
        except Unreplayable as error:
            return Replay(id=letter, accepted=False, samples=0, same=0, reason=str(error))
        verdict = outcome.verdict
        return Replay(
            id=letter,
            accepted=outcome.accepted,
            samples=outcome.samples,
            same=outcome.same,
            changes=tuple(
                Change(series=one.series, time=one.time, stored=one.stored, value=one.value)
                for one in outcome.changes
            ),
            reason=f"{verdict.field}: {verdict.sentence}" if verdict else "",
        )


def _shown(letter: DeadLetter) -> Letter:
    hidden = sketches.within(letter.payload)  # nobody is shown a sketch; it can be replayed all the same
    return Letter(
        id=letter.id,
        received=letter.received,
        topic=letter.topic,
        device=letter.device.device if letter.device else "",
        content_type=letter.content_type,
        field=letter.field,
        value="" if hidden and letter.field == "payload" else letter.value,
        reason=letter.reason,
        samples=letter.samples,
        replayed=letter.replayed,
        payload=HIDDEN if hidden else letter.payload[:SHOWN],
    )
