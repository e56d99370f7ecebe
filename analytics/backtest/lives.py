"""Judgements → the alerts that they would have been: one open at a time of each fingerprint."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from contracts.backtest import Life
from contracts.instants import HOUR
from contracts.judgements import Judgement, Verdict

_BEFORE = HOUR  # µs by which an incident may precede what would have told of it


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """An incident that there was."""

    number: str
    site: str
    device: str  # empty: the whole site
    start: int  # µs UTC
    end: int | None = None  # µs UTC; None: not over yet


class Lives:
    """Takes judgements in the order in which they were made."""

    def __init__(self) -> None:
        self.judgements = 0
        self._sites: dict[str, str] = {}  # device → site
        self._open: dict[str, Life] = {}
        self._over: list[Life] = []

    def take(self, found: Iterable[Judgement]) -> None:
        """Open and end."""
        for one in found:
            self.judgements += 1
            known = self._open.get(one.fingerprint)
            if one.verdict is Verdict.CLEARED:
                if known is not None:
                    del self._open[one.fingerprint]
                    self._over.append(replace(known, end=max(one.time, known.start)))
            elif known is None:
                self._sites[one.device] = one.site
                part = "_".join(one.labels[name] for name in ("metric", "instance") if name in one.labels)
                self._open[one.fingerprint] = Life(
                    device=one.device, part=part, start=one.time, why=one.evidence.why
                )

    def all(self, past: Iterable[Past] = ()) -> list[Life]:
        """In order of their start; each with an incident of its place and time, where there was one."""
        known = list(past)
        lives = sorted([*self._over, *self._open.values()], key=lambda one: (one.start, one.device, one.part))
        return [replace(one, incident=self._met(one, known)) for one in lives] if known else lives

    def _met(self, life: Life, past: list[Past]) -> str:
        for one in past:
            here = one.device == life.device if one.device else one.site == self._sites[life.device]
            ended = life.end is not None and one.start > life.end
            if here and not ended and life.start - _BEFORE <= (one.end or life.start):
                return one.number
        return ""
