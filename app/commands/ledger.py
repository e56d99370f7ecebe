"""`imm ledger`: whether what was recorded is stored, and where it is not."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from app.commands.api import api_option, call, instant, shown
from contracts.ledger import Row
from runtime.cli import emit, json_option


@click.command()
@api_option
@click.option("--start", help="ISO 8601; Asia/Jakarta where no offset is given. A day ago if not given.")
@click.option("--end", help="ISO 8601; now if not given.")
@click.option("--device", default="", help="Only this device.")
@click.option("--hours", is_flag=True, help="A line per hour instead of one per device and channel.")
@json_option
def ledger(api: str, start: str | None, end: str | None, device: str, *, hours: bool, json: bool) -> None:
    """Show what was recorded, sent, received and stored, and explain each difference."""
    book = _read(api, {"start": instant(start), "end": instant(end), "device": device or None})
    if json:
        emit(book, json=True)
        return
    lines = [_line(msgspec.convert(row, Row)) for row in book["rows"]]
    emit(lines if hours else _folded(lines), json=False)
    if book["holes"]:
        emit([_hole(hole) for hole in book["holes"]], json=False, title="Sequence numbers that have not come")
    sums = book["sums"]
    missing = sums["missing"]
    click.echo(
        f"recorded {sums['recorded']:,}  stored {sums['stored']:,}  missing {missing:,}"
        + ("" if missing == 0 else "  (in flight, or lost: see the lines above)")
    )


def _read(api: str, asked: dict[str, Any]) -> dict[str, Any]:
    params = {key: str(value) for key, value in asked.items() if value is not None}
    book: dict[str, Any] = call(api, "GET", "/api/v1/ledger", params={**params, "limit": 10_000})
    page = book
    while page["next"]:
        page = call(api, "GET", "/api/v1/ledger", params={**params, "limit": 10_000, "cursor": page["next"]})
        book["rows"] += page["rows"]
    return book


def _folded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line per device and channel: counts added up, the newest hour."""
    folded: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["device"], row["channel"])
        if key not in folded:
            folded[key] = dict(row)
            continue
        into = folded[key]
        for name, value in row.items():
            if isinstance(value, int):
                into[name] = value + (into[name] if isinstance(into[name], int) else 0)
        into["hour"] = row["hour"]  # they come in order of it
    return list(folded.values())


def _line(row: Row) -> dict[str, Any]:
    known = row.recorded is not None
    return {
        "device": row.device,
        "channel": row.channel,
        "hour": shown(row.hour)[5:13],
        "recorded": row.recorded if known else "not told",
        "sent": row.sent if known else "not told",
        "received": row.received,
        "stored": row.stored,
        "shed": row.shed,
        "dead": row.dead,
        "again": row.duplicated,
        "missing": row.missing if known else None,
        "excess": row.excess if known else None,
    }


def _hole(hole: dict[str, Any]) -> dict[str, Any]:
    return {
        "stream": f"{hole['device']}/{hole['channel']}",
        "started": shown(hole["epoch"]),
        "batches": ", ".join(f"{a}–{b}" if b > a else str(a) for a, b in hole["ranges"][:8]),
        "reason": hole["reason"],
    }
