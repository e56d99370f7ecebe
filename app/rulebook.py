"""The rule files as the rulebook sees them, and what ships with them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from alerts.rulebook.model import Shelf
from alerts.rulebook.pages import Reading
from alerts.rulebook.service import Rulebook
from analytics.jobs.files import Files
from app.settings import Settings
from city.audit import Trail
from city.db import Database
from contracts import backtest
from contracts.backtest import Report
from contracts.errors import Refused
from contracts.judgements import Text
from runtime import ids, yamldoc
from runtime.clock import System

REPORTS: Final = "reports"  # folder beside a rule file, with a report file of its name
_log: Final = logging.getLogger(__name__)


class Shelves:
    """What stands in the rule files now; where they are wrong, what stood there before."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files = Files(paths)
        self._shelf = Shelf()

    def __call__(self) -> Shelf:
        if self._files.changed():
            try:
                self._shelf = Shelf(rules=tuple(self._files.load()))
            except yamldoc.Wrong as error:
                self._shelf = Shelf(rules=self._shelf.rules, trouble=str(error))
        return self._shelf


def reading() -> Reading:
    """How reports are told on pages."""
    return Reading(words=_words, draw=_draw)


def shipped(paths: Sequence[Path]) -> dict[str, Report]:
    """Reports that lie beside the rule files, by the hash of the rule; none where they cannot be read."""
    found: dict[str, Report] = {}
    for file in yamldoc.files(paths):
        path = file.parent / REPORTS / f"{file.stem}.json"
        if path.exists():
            try:
                found |= backtest.read(path)
            except Refused as error:
                _log.warning("%s: %s", path, error)
    return found


def ship(settings: Settings, database: Database) -> list[str]:
    """Activate rules that come with a report of their content, as the platform; which."""
    clock = System()
    paths = settings.analytics.rules
    shelves = Shelves(paths)
    if settings.alerts.unproven == "act" or shelves().trouble:
        return []
    book = Rulebook(database, shelves, clock=clock, ids=ids.factory(clock), trail=Trail(clock=clock))
    return book.ship(shipped(paths))


def _words(report: Report) -> list[Text]:
    from analytics.backtest.words import summary  # here and below: few pages need it

    return summary(report)


def _draw(report: Report, dark: bool) -> bytes:  # noqa: FBT001 - as the page calls it
    from analytics.backtest.plot import draw

    return draw(report, dark=dark)
