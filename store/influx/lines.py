"""Line protocol built column by column: twenty times as fast as the client's points."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

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


class Lines:
    """Lines as one text: any stretch of them is the body of a request as it stands."""

    def __init__(self, text: memoryview, ends: npt.NDArray[np.int32]) -> None:
        self._text = text
        self._ends = ends  # line i lies in ends[i] ≤ byte < ends[i + 1], its newline included

    @classmethod
    def of(cls, lines: Sequence[str]) -> Self:
        """A few lines, as somebody wrote them."""
        encoded = [line.encode() + b"\n" for line in lines]
        ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
        return cls(memoryview(b"".join(encoded)), ends)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def body(self, first: int, last: int) -> bytes:
        """Lines first ≤ i < last."""
        return bytes(self._text[self._ends[first] : self._ends[last]])


class Writer:
    """Builds lines; remembers how each series starts, and which metrics have values that are no numbers."""

    def __init__(self) -> None:
        self._keys: dict[Series, str] = {}
        self.typed: set[str] = set()

    def lines(self, block: Block, rows: npt.NDArray[np.int64]) -> Lines:
        """One line for each of these rows, in their order."""
        if block.others:
            self.typed.update(block.series[block.index[row]].metric for row in block.others)
        index = np.frombuffer(block.index, np.int32)[rows]
        values = pa.array(np.frombuffer(block.numbers, np.float64)[rows]).cast(pa.string())
        if block.others:
            other = np.fromiter((row in block.others for row in rows.tolist()), np.bool_, len(rows))
            fields = [_fields(block.others[row]) for row in rows[other].tolist()]
            values = pc.replace_with_mask(values, pa.array(other), pa.array(fields, pa.string()))
            index = np.where(other, index + len(block.series), index)
        starts = [self._start(series) for series in block.series]
        if block.others:
            starts += [f"{self._key(series)} " for series in block.series]
        times = pa.array(np.frombuffer(block.times, np.int64)[rows]).cast(pa.string())
        return _joined(pa.array(starts, pa.string()).take(pa.array(index)), values, " ", times, "\n")

    def _start(self, series: Series) -> str:
        """Everything before the number. Where a string may stand beside it, `k` says which one counts."""
        kind = 'k="n",' if series.metric in self.typed else ""
        return f"{self._key(series)} {kind}v="

    def _key(self, series: Series) -> str:
        found = self._keys.get(series)
        if found is None:
            found = self._keys[series] = key(series)
        return found


def _joined(*columns: Any) -> Lines:
    """Columns of strings → lines, which Arrow lays one after the other: the text is there already."""
    joined = pc.binary_join_element_wise(*columns, "")
    _, ends, text = joined.buffers()
    return Lines(memoryview(text or b""), np.frombuffer(ends, np.int32)[: len(joined) + 1])


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
