"""Which group a device is of: its site, or the value of one of its labels there."""

from __future__ import annotations

from contracts import roster
from contracts.series import Selector, Series
from contracts.topics import Kind

SITE = "site"


def group(series: Series, by: str, reader: roster.Reader | None, select: Selector) -> Series | None:
    """The series that stands for a group, without a device; None where its device has no such label."""
    value = ""
    if by != SITE:
        entry = reader.get(series.device) if reader else None
        value = entry.labels.get(by, "") if entry else ""
        if not value:
            return None
    return Series(site=series.site, kind=select.kind or Kind.CITY, device="", metric="", instance=value)
