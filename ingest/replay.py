"""Replay a dead letter after a fix: first see what it would change, then send it through the same stages."""

from __future__ import annotations

import math

import msgspec

from contracts.roster import Reader as Roster
from contracts.series import Block, Reader, Selector, Series, Value
from ingest import letters
from ingest.commit import Commit, Frames
from ingest.errors import Unreplayable
from ingest.feed import shown
from ingest.gather import Load
from ingest.mappings.load import Mappings
from ingest.parcel import Parcel, Verdict
from ingest.settings import Settings
from ingest.stages import judge, stages
from runtime.clock import Clock
from runtime.ids import factory
from store.dead_letters import DeadLetters
from store.sink import DeadLetter, Sink

SHOWN = 1_000  # samples of one letter that a dry run compares


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One sample that the letter holds, and what the store has in its place."""

    series: Series
    time: int  # µs UTC
    stored: Value | None  # None: nothing yet
    value: Value


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay does, or would do."""

    letter: DeadLetter
    verdict: Verdict | None  # None: accepted now
    samples: int = 0
    same: int = 0  # of these, in the store already
    changes: tuple[Change, ...] = ()  # the others, at most SHOWN

    @property
    def accepted(self) -> bool:
        """Whether it would be stored now."""
        return self.verdict is None


class Replay:
    """Calls block: use a thread. Raises the store's errors, LookupError (no such letter), Unreplayable."""

    def __init__(
        self,
        *,
        dead: DeadLetters,
        sink: Sink,
        frames: Frames,
        reader: Reader,
        roster: Roster,
        clock: Clock,
        settings: Settings,
        mappings: Mappings | None = None,
    ) -> None:
        self._dead = dead
        self._reader = reader
        self._stages = stages(roster, settings, mappings=mappings)
        self._commit = Commit(
            sink=sink, frames=frames, worker="replay", clock=clock, ids=factory(clock), kept=settings.kept
        )

    def dry_run(self, letter_id: str) -> Outcome:
        """What replaying would store, compared with what is stored; changes nothing."""
        letter = self._get(letter_id)
        load, verdict = self._judge(letter)
        if verdict is not None:
            return Outcome(letter=letter, verdict=verdict)
        same, changes = self._compare(shown(load.block))
        return Outcome(
            letter=letter, verdict=None, samples=len(load.block), same=same, changes=tuple(changes)
        )

    def replay(self, letter_id: str) -> Outcome:
        """Store it, and mark the letter as replayed, in one write."""
        letter = self._get(letter_id)
        load, verdict = self._judge(letter)
        if verdict is not None:
            raise Unreplayable(letter.id, f"still refused: {verdict.field}: {verdict.sentence}")
        load, _ = self._commit.once(load)
        if load.dead:
            raise Unreplayable(letter.id, f"refused by the store: {load.dead[0][1].reason}")
        return Outcome(letter=letter, verdict=None, samples=len(load.block))

    def close(self) -> None:
        """Let go of the thread."""
        self._commit.close()

    def _get(self, letter_id: str) -> DeadLetter:
        letter = self._dead.get(letter_id)
        if letter.replayed is not None:
            raise Unreplayable(letter.id, "it was replayed before")
        if letters.CUT in letter.properties:
            raise Unreplayable(letter.id, f"only {len(letter.payload)} of its bytes were kept")
        return letter

    def _judge(self, letter: DeadLetter) -> tuple[Load, Verdict | None]:
        load = Load()
        parcel = Parcel(letters.Copy(letter), letter.received, replays=letter.id)
        verdict = judge(parcel, load, self._stages)
        if verdict is None:
            load.store(parcel)
        return load, verdict

    def _compare(self, block: Block) -> tuple[int, list[Change]]:
        same = 0
        changes: list[Change] = []
        known = self._stored(block)
        for series, time, value in list(block.rows())[:SHOWN]:
            stored = known.get((series, time))
            if stored == value:
                same += 1
            else:
                changes.append(Change(series=series, time=time, stored=stored, value=value))
        return same, changes

    def _stored(self, block: Block) -> dict[tuple[Series, int], Value]:
        if not block:
            return {}
        known: dict[tuple[Series, int], Value] = {}
        for series in block.series:
            times = [time for one, time, _ in block.rows() if one == series]
            selector = Selector(
                site=series.site,
                kind=series.kind,
                devices=(series.device,),
                metrics=(series.metric,),
                instance=series.instance,
            )
            for points in self._reader.range(selector, min(times), max(times) + 1):
                for time, value in zip(points.times, points.values, strict=True):
                    if not (isinstance(value, float) and math.isnan(value)):
                        known[points.series, time] = value
        return known
