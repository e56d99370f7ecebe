"""InfluxQL as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from contracts.instants import DAY, HOUR, MINUTE
from contracts.series import Selector, Series
from contracts.topics import Kind
from store.influx.lines import TAGS
from store.port import EARLIEST, LATEST

LABELS: Final = {MINUTE: "1m", 15 * MINUTE: "15m", HOUR: "1h", DAY: "1d"}
BY: Final = ", ".join(f'"{tag}"' for tag in TAGS)
SAMPLES: Final = "/^[^_]+$/"  # no metric has an underscore; our own measurements have


def source(metrics: Iterable[str], level: int | None = None) -> str:
    """What follows FROM: samples, or roll-ups of a level."""
    suffix = f"_{LABELS[level]}" if level else ""
    named = ", ".join(identifier(metric + suffix) for metric in metrics)
    return named or (f"/^[^_]+{suffix}$/" if level else SAMPLES)


def identifier(name: str) -> str:
    """Quoted name."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def literal(text: str) -> str:
    """Quoted string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def span(start: int, end: int) -> str:
    """Condition on time, µs UTC."""
    return f"time >= {max(start, EARLIEST)}u AND time < {min(end, LATEST)}u"


def tags(selector: Selector) -> str:
    """Condition on tags, with a leading AND where there is any."""
    conditions = []
    if selector.site:
        conditions.append(f'"site" = {literal(selector.site)}')
    if selector.kind is not None:
        conditions.append(f'"kind" = {literal(selector.kind)}')
    if len(selector.devices) == 1:
        conditions.append(f'"device" = {literal(selector.devices[0])}')
    elif selector.devices:
        conditions.append(f'"device" =~ /^({"|".join(selector.devices)})$/')
    if selector.instance is not None:
        conditions.append(f'"instance" = {literal(selector.instance)}')
    return "".join(f" AND {condition}" for condition in conditions)


def exactly(series: Series) -> str:
    """Condition on tags that one series meets."""
    values = (series.site, series.kind, series.device, series.instance, series.unit)
    return "".join(f' AND "{tag}" = {literal(value)}' for tag, value in zip(TAGS, values, strict=True))


def series(measurement: str, row: dict[str, object]) -> Series:
    """Series from a measurement and tags; a roll-up's suffix is left off."""
    return Series(
        site=str(row["site"]),
        kind=Kind(str(row["kind"])),
        device=str(row["device"]),
        metric=measurement.partition("_")[0],
        instance=str(row.get("instance") or ""),
        unit=str(row.get("unit") or ""),
    )
