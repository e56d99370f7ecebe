"""Stage 5: sample times within bounds, not too many series, and how many samples fall in which hour."""

from __future__ import annotations

from typing import Final

from contracts import instants
from contracts.series import Series
from contracts.topics import Channel
from ingest.gather import Load
from ingest.parcel import Parcel, Reason, Verdict, refuse
from ingest.settings import Settings

_REMEMBERED: Final = 1_000_000  # series of all devices; all are forgotten beyond, then counted anew


class Bounds:
    """Refuses what a wrong clock or a runaway name would do to the store."""

    def __init__(self, settings: Settings) -> None:
        self._future = round(settings.future_s * instants.SECOND)
        self._past = round(settings.past_days * instants.DAY)
        self._most = settings.share.series
        self._known: dict[str, set[Series]] = {}
        self._total = 0

    def __call__(self, parcel: Parcel, load: Load) -> Verdict | None:
        if parcel.channel is Channel.FRAME:
            return self._time(min(parcel.counts), max(parcel.counts), parcel.received)
        start, end = parcel.start, parcel.end
        times = load.block.times[start.rows : end.rows]
        if not times:
            return None
        first, last = min(times), max(times)
        wrong = self._time(first, last, parcel.received) or self._series(parcel, load)
        if wrong is not None or parcel.channel is not Channel.TELEMETRY:
            return wrong
        hour = instants.floor(first, instants.HOUR)
        if last < hour + instants.HOUR:
            parcel.counts = {hour: end.rows - start.rows}
            return None
        for time in times:
            hour = instants.floor(time, instants.HOUR)
            parcel.counts[hour] = parcel.counts.get(hour, 0) + 1
        return None

    def _time(self, first: int, last: int, now: int) -> Verdict | None:
        if last > now + self._future:
            return refuse(
                Reason.TIME, "t", instants.to_seconds(last), "in the future: is the device's clock right?"
            )
        if first < now - self._past:
            return refuse(
                Reason.TIME, "t", instants.to_seconds(first), "too long ago: is the device's clock right?"
            )
        return None

    def _series(self, parcel: Parcel, load: Load) -> Verdict | None:
        added = load.block.series[parcel.start.series : parcel.end.series]
        if not added or parcel.device is None:
            return None
        known = self._known.setdefault(parcel.device.device, set())
        fresh = [series for series in added if series not in known]
        if not fresh:
            return None
        if len(known) + len(fresh) > self._most:
            return refuse(Reason.SERIES, "n", fresh[0].metric, f"more than {self._most} series of one device")
        if self._total > _REMEMBERED:
            self._known.clear()
            self._total = 0
            known = self._known.setdefault(parcel.device.device, set())
        known.update(fresh)
        self._total += len(fresh)
        return None
