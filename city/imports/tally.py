"""What is counted while an import runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from city.imports.columns import Layout
from city.imports.problems import Problem
from city.imports.report import MOST, Report


class Tally:
    """Counts of one run; tells how far it is."""

    def __init__(self, layout: Layout, progress: Callable[[int, int], None]) -> None:
        self.layout = layout
        self.rows = self.total = self.done = 0
        self.new = self.changed = self.same = self.refused = 0
        self.unknown: tuple[str, ...] = ()
        self._problems: list[Problem] = []
        self._progress = progress

    def refuse(self, problems: Sequence[Problem]) -> None:
        """One row is refused, for these reasons."""
        self.refused += 1
        self._problems += problems[: max(0, MOST - len(self._problems))]

    def took(self, *, new: bool) -> None:
        """One row is applied."""
        if new:
            self.new += 1
        else:
            self.changed += 1

    def step(self, rows: int) -> None:
        """So many rows more are done."""
        self.done += rows
        self._progress(min(self.done + self.refused, self.total), self.total)

    def counts(self) -> dict[str, int]:
        """Columns of a run."""
        return {name: getattr(self, name) for name in ("done", "new", "changed", "same", "refused")}

    def report(self, run: str, *, committed: bool) -> Report:
        """Where it stands."""
        problems = sorted(self._problems, key=lambda one: one.row)
        return Report(
            run=run,
            layout=self.layout.name,
            committed=committed,
            rows=self.rows,
            new=self.new,
            changed=self.changed,
            same=self.same,
            refused=self.refused,
            unknown=self.unknown,
            problems=tuple(problems),
        )
