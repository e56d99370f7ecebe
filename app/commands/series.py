"""`imm series` and `imm query`: which series there are, and what they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from app.commands.api import api_option, call, instant, pages, shown
from contracts.series import Statistic
from contracts.topics import Kind
from runtime.cli import emit, json_option

Command = TypeVar("Command", bound=Callable[..., Any])


def _choosing(command: Command) -> Command:
    for option in (
        click.option("--instance", help="Part of the device: eth0, screen1."),
        click.option("--metric", multiple=True, help="As cpu.utilization; may be given again."),
        click.option("--device", multiple=True, help="May be given again."),
        click.option("--kind", type=click.Choice([kind.value for kind in Kind])),
        click.option("--site"),
    ):
        command = option(command)
    return command


@click.command()
@api_option
@_choosing
@click.option("--limit", default=200, show_default=True, type=click.IntRange(1, 1_000_000))
@json_option
def series(api: str, limit: int, *, json: bool, **chosen: Any) -> None:
    """List series."""
    found = list(pages(api, "/api/v1/series", _given(chosen), limit))
    if not found and not json:
        click.echo("No series: nothing was stored yet, or nothing matches.")
        return
    emit(found, json=json)


@click.command()
@api_option
@_choosing
@click.option(
    "--start", help="ISO 8601; Asia/Jakarta where no offset is given. An hour before the end if not given."
)
@click.option("--end", help="ISO 8601; now if not given.")
@click.option("--last", is_flag=True, help="Only the newest sample of each series.")
@click.option("--every", "step", type=float, help="Aggregate by so many seconds.")
@click.option(
    "--statistic", default="mean", show_default=True, type=click.Choice([one.value for one in Statistic])
)
@click.option("--limit", default=1_000, show_default=True, type=click.IntRange(1, 100_000))
@json_option
def query(
    api: str,
    start: str | None,
    end: str | None,
    step: float | None,
    statistic: str,
    limit: int,
    *,
    last: bool,
    json: bool,
    **chosen: Any,
) -> None:
    """Read samples, aggregates or last values."""
    span = _given({"start": instant(start), "end": instant(end)})
    params = _given(chosen)
    if last:
        found = call(api, "GET", "/api/v1/query/last", params=params)
        rows = [_row(one["series"], one["time"], one["value"]) for one in found]
    elif step:
        params |= {**span, "step": step, "statistic": statistic}
        found = call(api, "GET", "/api/v1/query/aggregate", params=params)
        rows = [
            _row(one["series"], time, value)
            for one in found
            for time, value in zip(one["starts"], one["values"], strict=True)
        ]
    else:
        found = call(api, "GET", "/api/v1/query/range", params=params | span | {"limit": limit})
        rows = [
            _row(one["series"], time, value)
            for one in found
            for time, value in zip(one["times"], one["values"], strict=True)
        ]
    if not rows and not json:
        click.echo("Nothing in this span: `imm series` lists what there is.")
        return
    emit(found if json else rows, json=json)


def _given(chosen: dict[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in chosen.items() if value}


def _row(series: dict[str, Any], time: int, value: object) -> dict[str, Any]:
    name = f"{series['metric']}_{series['instance']}" if series["instance"] else series["metric"]
    return {
        "time": shown(time),
        "device": series["device"],
        "metric": name,
        "value": value,
        "unit": series["unit"],
    }
