"""Line protocol built by hand: seven times as fast as the client's points."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.series import Block, Data, Series, Value
from contracts.topics import Kind

TAGS: Final = ("site", "kind", "device", "instance", "unit")
FIELDS: Final = ("v", "vs", "vb", "vd")  # number, string, boolean, data in base64
KINDS: Final = {"n": "v", "s": "vs", "b": "vb", "d": "vd"}  # what field `k` says: which field holds the value
_ESCAPES: Final = str.maketrans({",": "\\,", " ": "\\ ", "=": "\\="})
_QUOTES: Final = str.maketrans({'"': '\\"', "\\": "\\\\"})


def key(series: Series, measurement: str = "") -> str:
    """Measurement and tags."""
    tags = (
        f",device={series.device}",
        f",instance={series.instance.translate(_ESCAPES)}" if series.instance else "",
        f",kind={series.kind}",
        f",site={series.site}",
        f",unit={series.unit.translate(_ESCAPES)}" if series.unit else "",
    )
    return (measurement or series.metric) + "".join(tags)


def parse(text: str) -> Series:
    """Inverse of key, as `SHOW SERIES` writes it."""
    metric, *tags = _split(text)
    named = dict(tag.split("=", 1) for tag in tags)
    return Series(
        site=named["site"],
        kind=Kind(named["kind"]),
        device=named["device"],
        metric=metric,
        instance=_plain(named.get("instance", "")),
        unit=_plain(named.get("unit", "")),
    )


def _split(text: str) -> Iterator[str]:
    start = 0
    for place, character in enumerate(text):
        if character == "," and text[place - 1] != "\\":
            yield text[start:place]
            start = place + 1
    yield text[start:]


def _plain(text: str) -> str:
    for character in ", =":
        text = text.replace(f"\\{character}", character)
    return text


class Writer:
    """Builds lines; remembers how each series starts, and which metrics have values that are no numbers."""

    def __init__(self) -> None:
        self._keys: dict[Series, str] = {}
        self.typed: set[str] = set()

    def lines(self, block: Block, rows: npt.NDArray[np.int64] | None) -> tuple[list[str], list[int]]:
        """One line a row, and the row of each; rows None = all."""
        if block.others:
            self.typed.update(block.series[block.index[row]].metric for row in block.others)
        starts = [self._start(series) for series in block.series]
        index, times, numbers, others = block.index, block.times, block.numbers, block.others
        chosen: Iterable[int] = range(len(block)) if rows is None else rows.tolist()
        if not others:
            if rows is None:
                lines = [
                    f"{starts[place]}{number!r} {time}"
                    for place, number, time in zip(index, numbers, times, strict=True)
                ]
                return lines, list(chosen)
            chosen = list(chosen)
            return [f"{starts[index[row]]}{numbers[row]!r} {times[row]}" for row in chosen], chosen
        lines, kept = [], []
        for row in chosen:
            if row in others:
                start = self._key(block.series[index[row]])
                lines.append(f"{start} {_fields(others[row])} {times[row]}")
            else:
                lines.append(f"{starts[index[row]]}{numbers[row]!r} {times[row]}")
            kept.append(row)
        return lines, kept

    def _start(self, series: Series) -> str:
        """Everything before the number. Where a string may stand beside it, `k` says which one counts."""
        kind = 'k="n",' if series.metric in self.typed else ""
        return f"{self._key(series)} {kind}v="

    def _key(self, series: Series) -> str:
        found = self._keys.get(series)
        if found is None:
            found = self._keys[series] = key(series)
        return found


def _fields(value: Value) -> str:
    if isinstance(value, bool):
        return f'k="b",vb={"t" if value else "f"}'
    if isinstance(value, Data):
        return f'k="d",vd="{base64.b64encode(value.raw).decode()}"'
    return f'k="s",vs="{str(value).translate(_QUOTES)}"'


def value(row: dict[str, object]) -> Value | None:
    """Fields of a point → its value; None where it has none of ours."""
    kind = row.get("k")
    found = row.get(KINDS.get(kind, "v") if isinstance(kind, str) else "v")
    match found:
        case None:
            return None
        case bool() | float():
            return found
        case int():
            return float(found)
        case str() if kind == "d":
            return Data(base64.b64decode(found))
        case _:
            return str(found)
