"""A reader who tries every table that could be behind what is shown: no flows, only sums."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from city.disclosure import Cell, Shape

Shown = Mapping[Cell, int | None]


def tried(
    shape: Shape, shown: Shown, cap: int, *, later: tuple[Shown, Mapping[Cell, int]] | None = None
) -> dict[Cell, tuple[int, int]]:
    """Least and greatest value of each cell in all tables of counts up to `cap` that agree with what shows.

    `later`: a second release, and by how much each count has changed until then, which this reader knows.
    """
    size = len(shape.inner)
    sums: dict[Cell, npt.NDArray[np.int16]] = {}
    fits: npt.NDArray[np.bool_] = np.ones((cap + 1,) * size, dtype=bool)
    changes = shape.summed({})
    for place, cell in enumerate(shape.inner):
        axis = np.arange(cap + 1, dtype=np.int16).reshape([-1 if at == place else 1 for at in range(size)])
        change = later[1].get(cell, 0) if later is not None else 0
        fits &= axis + change >= 0
        for total in shape.above(cell):
            sums[total] = sums.get(total, np.zeros(1, dtype=np.int16)) + axis
            changes[total] += change
    for cell, value in shown.items():
        if value is not None:
            fits &= sums[cell] == value
    for cell, value in (later[0] if later is not None else {}).items():
        if value is not None:
            fits &= sums[cell] + changes[cell] == value
    places = np.nonzero(fits)
    found = {}
    for cell in shape.cells:
        values = np.broadcast_to(sums[cell], fits.shape)[places]
        found[cell] = int(values.min()), int(values.max())
    return found
