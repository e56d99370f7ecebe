"""What the demo shows and reports, asked of the platform as any app would."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from contracts.instants import DAY, WEEK


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Keys of the report."""

    recorded: int  # samples that agents committed to their spools
    stored: int  # of these
    lost: int  # recorded, and neither stored nor refused with a reason; while running: also in flight
    duplicated: int  # rows of the store beyond those counted as stored
    resent: int  # samples that came again and changed nothing
    refused: int
    alerts: int  # without probes
    incidents: int
    sample_to_incident_ms_p50: float | None  # from one probe a second
    sample_to_incident_ms_p99: float | None
    probes: int


async def ask(client: httpx.AsyncClient, now: int) -> Figures:
    """Figures since the history began. Raises httpx.HTTPError."""
    span = {"start": now - 5 * WEEK - 2 * DAY, "end": now + DAY}
    sums = (await _get(client, "/api/v1/ledger", {**span, "limit": 1}))["sums"]
    probes = await _get(client, "/api/v1/probes", {})
    return Figures(
        recorded=sums["recorded"],
        stored=sums["stored"] - sums["unsequenced"],
        lost=sums["missing"] + sums["lost"],
        duplicated=max(0, await _rows(client, span) - sums["stored"]),
        resent=sums["duplicated"],
        refused=sums["refused"],
        alerts=await _count(client, "/api/v1/alerts"),
        incidents=await _count(client, "/api/v1/incidents"),
        sample_to_incident_ms_p50=probes["p50_ms"],
        sample_to_incident_ms_p99=probes["p99_ms"],
        probes=probes["count"],
    )


async def _rows(client: httpx.AsyncClient, span: dict[str, int]) -> int:
    """Numbers in the store, however they came there."""
    found = await _get(
        client, "/api/v1/query/aggregate", {**span, "step": 366 * 86_400, "statistic": "count"}
    )
    return round(sum(sum(one["values"]) for one in found if not one["series"]["metric"].startswith("event.")))


async def _count(client: httpx.AsyncClient, path: str) -> int:
    count = 0
    cursor: dict[str, str] = {}
    while True:
        page = await _get(client, path, {"limit": 200, **cursor})
        count += len(page["items"])
        if not page["next"]:
            return count
        cursor = {"cursor": page["next"]}


async def _get(client: httpx.AsyncClient, path: str, params: dict[str, Any]) -> Any:
    answer = await client.get(path, params=params)
    answer.raise_for_status()
    return answer.json()
