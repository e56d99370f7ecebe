"""What Grafana does with a board before it asks a data source, as its documentation tells.

No Grafana could be had here, so rendering is not tested: only that the types of its SDK allow the boards, and
that the queries, with macros and variables filled in, find what was written.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import msgspec

Row = dict[str, Any]
EVERYTHING: Mapping[str, Sequence[str]] = {}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a person has chosen: the time, and values of variables (all where not given)."""

    start: int  # ms
    end: int
    chosen: Mapping[str, Sequence[str]] = EVERYTHING
    interval: str = "1m"

    def earlier(self, days: int) -> "Shown":
        """The same for a panel that is shifted in time."""
        shift = days * 86_400_000
        return msgspec.structs.replace(self, start=self.start - shift, end=self.end - shift)

    def influxql(self, query: str) -> str:
        """Query for InfluxDB: variables of several values become a pattern, All its custom value."""
        query = query.replace("$timeFilter", f"time >= {self.start}ms and time <= {self.end}ms")
        query = query.replace("$__interval", self.interval)
        return re.sub(r"\$(site|kind|device)", lambda found: self._pattern(found[1]), query)

    def sql(self, query: str) -> str:
        """Query for PostgreSQL."""
        query = query.replace("$__unixEpochFrom()", str(self.start // 1000))
        query = query.replace("$__unixEpochTo()", str(self.end // 1000))
        return re.sub(r"\$\{(site|kind|device):regex\}", lambda found: self._pattern(found[1]), query)

    def _pattern(self, name: str) -> str:
        values = self.chosen.get(name)
        return ".*" if values is None else f"({'|'.join(values)})"


def panels(board: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Panels that show data."""
    return (panel for panel in board["panels"] if panel["type"] != "row")


def named(board: Mapping[str, Any], title: str) -> Mapping[str, Any]:
    """A panel by the Indonesian half of its title."""
    (found,) = (panel for panel in panels(board) if panel["title"].split(" · ")[0] == title)
    return found


def ask(url: str, bucket: str, query: str, token: str) -> list[Row]:
    """Rows of InfluxDB's answer, each with its measurement as `name` and its tags; time in ms."""
    answer = httpx.post(
        f"{url}/query",
        data={"db": bucket, "epoch": "ms", "q": query},
        headers={"Authorization": f"Token {token}"},
        timeout=30,
    )
    answer.raise_for_status()
    (result,) = answer.json()["results"]
    assert "error" not in result, f"{query}: {result['error']}"
    return [
        {
            "name": series.get("name", ""),
            **series.get("tags", {}),
            **dict(zip(series["columns"], row, strict=True)),
        }
        for series in result.get("series", [])
        for row in series["values"]
    ]
