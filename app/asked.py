"""The platform's own API as ports: what a command reads of a running platform."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from analytics.backtest.lives import Past
from app.commands.api import call, pages
from contracts.roster import Entry
from contracts.series import Buckets, Last, Points, Selector, Series, Statistic
from runtime.cli import Failure

_MOST = 100_000  # devices, or incidents


class Store:
    """contracts.series.Reader of the platform at an address. Raises runtime.cli.Failure."""

    def __init__(self, api: str) -> None:
        self._api = api
        self._context = click.get_current_context()  # whose key is asked with, in whatever thread

    def range(self, selector: Selector, start: int, end: int, *, limit: int = 100_000) -> list[Points]:
        """As the store's reader."""
        found = self._get("range", selector, start=start, end=end, limit=limit)
        return msgspec.convert(found, list[Points])

    def aggregate(
        self, selector: Selector, start: int, end: int, *, step: int, statistic: Statistic
    ) -> list[Buckets]:
        """As the store's reader."""
        asked: dict[str, Any] = {"step": step / 1_000_000, "statistic": statistic.value}
        found = self._get("aggregate", selector, start=start, end=end, **asked)
        return msgspec.convert(found, list[Buckets])

    def last(self, selector: Selector) -> list[Last]:
        """As the store's reader."""
        return msgspec.convert(self._get("last", selector), list[Last])

    def list(self, selector: Selector, *, after: Series | None = None, limit: int = 1_000) -> list[Series]:
        """As the store's reader, from the first on."""
        del after
        found = list(pages(self._api, "/api/v1/series", _params(selector), limit))
        return msgspec.convert(found, list[Series])

    def _get(self, what: str, selector: Selector, **params: Any) -> Any:
        with self._context.scope(cleanup=False):
            return call(self._api, "GET", f"/api/v1/query/{what}", params=_params(selector) | params)


def entries(api: str) -> list[Entry]:
    """Devices of the platform's roster, with their maintenance where the registry has them."""
    known = pages(api, "/api/v1/devices", {}, _MOST)
    found = {one["device"]: _entry(one) for one in known}
    found |= {one["device"]: _entry(one) for one in pages(api, "/api/v1/registry", {}, _MOST)}
    return list(found.values())


def incidents(api: str, since: int) -> list[Past]:
    """Incidents opened since an instant (µs UTC), newest first; none where one may not see them."""
    found: list[Past] = []
    try:
        for one in pages(api, "/api/v1/incidents", {}, _MOST):
            if one["opened"] < since:
                break
            end = one["resolved"] or one["closed"]
            found.append(
                Past(
                    number=one["number"],
                    site=one["site"],
                    device=one["device"],
                    start=one["opened"],
                    end=end,
                )
            )
    except Failure as error:
        if "403" not in f"{error.what} {error.why}" and "permission" not in error.why:
            raise
    return found


def _entry(told: dict[str, Any]) -> Entry:
    fields = {name: told[name] for name in Entry.__struct_fields__ if told.get(name) is not None}
    return msgspec.convert(fields, Entry)


def _params(of: Selector) -> dict[str, Any]:
    told = {
        "site": of.site,
        "kind": of.kind.value if of.kind else "",
        "device": list(of.devices),
        "metric": list(of.metrics),
    }
    found: dict[str, Any] = {name: value for name, value in told.items() if value}
    return found if of.instance is None else found | {"instance": of.instance}
