"""Merging and measuring sketches. Only what contracts.hyperloglog checked comes here: the library is C++."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from contracts.sketches import LG_K
from store import errors

_DEVIATIONS = 2  # standard ones, for the bounds: 19 of 20 times the truth lies between them


class Measure(NamedTuple):
    """How many there were: an estimate, and bounds between which the truth lies 19 times of 20."""

    value: float
    low: float
    high: float


def union(bodies: Iterable[bytes]) -> bytes:
    """One sketch of all: whoever is in several counts once. Raises Failure."""
    import datasketches

    merged = datasketches.hll_union(LG_K)
    try:
        for body in bodies:
            merged.update(datasketches.hll_sketch.deserialize(body))
    except (ValueError, IndexError, RuntimeError) as error:  # what the library raises, of several kinds
        raise errors.Failure(f"a sketch cannot be merged: {error}") from error
    raw: bytes = merged.get_result(datasketches.tgt_hll_type.HLL_4).serialize_compact()
    return raw


def measure(body: bytes) -> Measure:
    """Whole numbers: nobody is a fraction of a visitor."""
    import datasketches

    sketch = datasketches.hll_sketch.deserialize(body)
    return Measure(
        float(round(sketch.get_estimate())),
        float(math.floor(sketch.get_lower_bound(_DEVIATIONS))),
        float(math.ceil(sketch.get_upper_bound(_DEVIATIONS) - 0.5)),
    )
