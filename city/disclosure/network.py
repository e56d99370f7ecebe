"""What can be worked out about hidden cells from all that is shown: exact, by flows.

A table with its totals is a flow that goes round: each cell is an arc, each sum a node where as much comes
in as goes out. What a reader cannot know is which other flow it might be: one that differs along hidden arcs
only, and is nowhere below 0. So the least and the greatest value that a hidden cell may have are its own
value less and plus what can flow around it (maximum flow), in whole numbers. This holds where rows form a
tree and columns stand side by side; with a third dimension, or two trees, it is no flow: `Shape` has none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from heapq import heappop, heappush
from typing import Final

from city.disclosure.shape import TOTAL, Cell, Shape

ENDLESS: Final = 1 << 60  # more than any count
_WORLD: Final = ("", "", "")
_Node = tuple[str, str, str]
_Step = tuple[int, bool]  # arc, and whether along it (its value grows) or against


class Network:
    """The arcs of one table with the values that they carry."""

    def __init__(self, shape: Shape, values: Mapping[Cell, int], fixed: Iterable[Cell] = ()) -> None:
        """`fixed`: cells whose value everybody knows beforehand."""
        self.cells = shape.cells
        self.number = {cell: place for place, cell in enumerate(self.cells)}
        self.values = [values[cell] for cell in self.cells]
        self.hidden = [False] * len(self.cells)
        self.fixed = {self.number[cell] for cell in fixed}
        nodes: dict[_Node, int] = {_WORLD: 0}
        self._ends = [
            (nodes.setdefault(start, len(nodes)), nodes.setdefault(end, len(nodes)))
            for start, end in (_ends(shape, cell) for cell in self.cells)
        ]
        self._steps: list[list[_Step]] = [[] for _ in nodes]
        for arc, (start, end) in enumerate(self._ends):
            self._steps[start].append((arc, True))
            self._steps[end].append((arc, False))

    def room(self, arc: int, *, up: bool, most: int = ENDLESS) -> int:
        """By how much a hidden cell may be greater (or smaller) for all that is shown, up to `most`."""
        return self._push(arc, up=up, most=most, open_=self._around)

    def hide(self, arc: int, cost: Callable[[int], float], *, up: bool, need: int) -> None:
        """Hide as cheap further cells as it takes until there is so much room.

        There always is, in the end: upwards there is no bound, and the units that a cell counts go round, so
        they can be taken away all the way round.
        """
        self._push(arc, up=up, most=need, open_=lambda at, pushed: self._cheapest(at, pushed, cost))

    def _push(
        self,
        arc: int,
        *,
        up: bool,
        most: int,
        open_: Callable[[tuple[int, int, int], dict[int, int]], list[_Step] | None],
    ) -> int:
        """Send flow around a cell, step by step, until `most` has gone."""
        start, end = self._ends[arc]
        if up:
            start, end = end, start
        else:
            most = min(most, self.values[arc])
        pushed: dict[int, int] = {}  # arc → how much its value has changed
        gone = 0
        while gone < most:
            path = open_((arc, start, end), pushed)
            if path is None:
                break
            amount = min([most - gone, *(self._left(step, pushed) for step in path)])
            if amount >= ENDLESS:
                return ENDLESS
            for place, along in path:
                self.hidden[place] = True
                pushed[place] = pushed.get(place, 0) + (amount if along else -amount)
            gone += amount
        return gone

    def _left(self, step: _Step, pushed: Mapping[int, int]) -> int:
        """How much more can go along or against an arc."""
        place, along = step
        return ENDLESS if along else self.values[place] + pushed.get(place, 0)

    def _around(self, at: tuple[int, int, int], pushed: dict[int, int]) -> list[_Step] | None:
        """Shortest way along hidden arcs."""
        arc, start, end = at
        came: dict[int, tuple[int, _Step] | None] = {start: None}
        waiting = deque([start])
        while waiting:
            node = waiting.popleft()
            if node == end:
                return _path(came, end)
            for step in self._steps[node]:
                there = self._ends[step[0]][1 if step[1] else 0]
                if step[0] == arc or there in came or not self.hidden[step[0]]:
                    continue
                if self._left(step, pushed) > 0:
                    came[there] = node, step
                    waiting.append(there)
        return None

    def _cheapest(
        self, at: tuple[int, int, int], pushed: dict[int, int], cost: Callable[[int], float]
    ) -> list[_Step] | None:
        """Way that hides what costs least; hidden arcs cost nothing."""
        arc, start, end = at
        came: dict[int, tuple[int, _Step] | None] = {}
        waiting: list[tuple[float, int, tuple[int, _Step] | None]] = [(0.0, start, None)]
        while waiting:
            spent, node, by = heappop(waiting)
            if node in came:
                continue
            came[node] = by
            if node == end:
                return _path(came, end)
            for step in self._steps[node]:
                there = self._ends[step[0]][1 if step[1] else 0]
                if step[0] == arc or there in came or step[0] in self.fixed:
                    continue
                if self._left(step, pushed) > 0:
                    more = 0.0 if self.hidden[step[0]] else cost(step[0])
                    heappush(waiting, (spent + more, there, (node, step)))
        return None


def _path(came: Mapping[int, tuple[int, _Step] | None], end: int) -> list[_Step]:
    steps = []
    by = came[end]
    while by is not None:
        node, step = by
        steps.append(step)
        by = came[node]
    return steps


def _ends(shape: Shape, cell: Cell) -> tuple[_Node, _Node]:
    """Where a cell's arc begins and ends: counts go up the rows to their sum, totals come down again."""
    row, column = cell
    above = _WORLD if row == TOTAL else ("sum", shape.rows[row], column)
    if row not in shape.leaves:
        here: _Node = ("sum", row, column)
    else:
        here = ("row", row, "") if shape.columns else _WORLD
    return (above, here) if column == TOTAL and shape.columns else (here, above)
