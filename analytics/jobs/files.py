"""Rule files while the job runs: a change is taken up, and what has not changed keeps its memory."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from analytics import rules
from analytics.evaluate import Evaluator
from analytics.jobs.metrics import Metrics
from analytics.watches import Scene
from contracts.judgements import Judgement
from contracts.rules import Rule
from runtime import yamldoc

Mark = tuple[tuple[str, int, int, int], ...]  # of each file: path, inode, size, time of its last change
_log: Final = logging.getLogger(__name__)


class Files:
    """Files of rules, and folders of such. `trouble` says why they cannot be used as they are now."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.trouble = ""
        self._paths = tuple(paths)
        self._mark: Mark | None = None

    def load(self) -> list[Rule]:
        """Their rules as they are now. Raises yamldoc.Wrong at the first thing that is wrong."""
        self._mark = self._look()
        return load(self._paths)

    def changed(self) -> bool:
        """Whether they are others than when they were loaded."""
        return self._look() != self._mark

    async def reload(
        self, evaluator: Evaluator, scene: Callable[[], Scene], metrics: Metrics
    ) -> tuple[Evaluator, list[Judgement]] | None:
        """Where files have changed: an evaluator of the new rules, and what it clears; None: nothing new.

        Files that are wrong change nothing, until they are right.
        """
        mark = await asyncio.to_thread(self._look) if self._paths else self._mark
        if mark == self._mark:
            return None
        self._mark = mark
        try:
            found = await asyncio.to_thread(load, self._paths)
        except yamldoc.Wrong as error:
            _log.error("rules stay as they were: %s", error)
            self.trouble = str(error)
            metrics.refused.set(1)
            return None
        self.trouble = ""
        metrics.refused.set(0)
        metrics.rules.set(len(found))
        if [one.hash for one in found] == [one.rule.hash for one in evaluator.watches]:
            return None
        _log.info("rules taken up: %s", ", ".join(_news(evaluator, found)) or "another order")
        return exchange(evaluator, found, scene())

    def _look(self) -> Mark:
        found = []
        try:
            files = yamldoc.files(self._paths)
        except OSError:  # a folder that is just being replaced
            return ()
        for path in files:
            try:
                told = path.stat()
            except OSError:
                found.append((str(path), 0, 0, 0))
            else:
                found.append((str(path), told.st_ino, told.st_size, told.st_mtime_ns))
        return tuple(found)


def load(paths: Sequence[Path]) -> list[Rule]:
    """Rules of files, and of the files of folders. Raises yamldoc.Wrong."""
    for path in paths:
        if not path.exists():
            raise yamldoc.Wrong(path, 1, "cannot be read: there is no such file or folder")
    try:
        return rules.load(yamldoc.files(paths))
    except OSError as error:
        raise yamldoc.Wrong(paths[0], 1, f"cannot be read: {error.strerror or error}") from None


def exchange(old: Evaluator, found: Sequence[Rule], scene: Scene) -> tuple[Evaluator, list[Judgement]]:
    """An evaluator of other rules: unchanged ones go on as they are; changed ones know what fires."""
    fresh = Evaluator(found)
    same = {one.rule.hash for one in old.watches} & {one.rule.hash for one in fresh.watches}
    going = {one.rule.hash: one for one in old.watches}
    cleared = fresh.restore([one for one in old.save() if one.rule.hash not in same], scene)
    fresh.watches = [going.get(one.rule.hash, one) for one in fresh.watches]
    return fresh, cleared


def _news(old: Evaluator, found: Sequence[Rule]) -> list[str]:
    before = {one.rule.id: one.rule.hash for one in old.watches}
    after = {one.id: one.hash for one in found}
    changed = [id_ for id_, mark in after.items() if before.get(id_) != mark]
    return [*changed, *(f"{id_} is gone" for id_ in before if id_ not in after)]
