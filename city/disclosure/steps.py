"""What of newer counts may be shown after a table was shown before: nothing that tells of a few records.

A count moves when it has moved by `least` or more, else it stays as it was. A cell that was hidden stays
hidden, and a count that was hidden only grows. So a reader who compares the two, even one who knows every
change, learns nothing of the cells hidden in the first that the first did not say: each sum that is shown in
the second was shown in it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from city.disclosure.shape import Cell, Shape


def moved(
    shape: Shape,
    before: Mapping[Cell, int],
    now: Mapping[Cell, int],
    *,
    least: int,
    hidden: Collection[Cell],
) -> dict[Cell, int]:
    """Inner counts for the next release, from those of the last one and the true ones of today."""
    found = {}
    for cell in shape.inner:
        old, new = before.get(cell, 0), now.get(cell, 0)
        far = new - old >= least if cell in hidden else abs(new - old) >= least
        found[cell] = new if far else old
    return found
