"""Sentences that say why, Indonesian first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from contracts import measurements
from contracts.judgements import Text
from contracts.rules import (
    BurnRate,
    Flapping,
    Of,
    Quorum,
    Rate,
    Session,
    Side,
    Sliding,
    Stuck,
    Threshold,
    Tumbling,
    Window,
)
from contracts.series import Series

_SYMBOLS: Final = {"Cel": "°C", "count": "", "%RH": "%", "%EL": "%", "1/min": "/min"}
_WINDOWS: Final = {
    Of.MEAN: Text(id="rata-rata", en="mean"),
    Of.MIN: Text(id="terendah", en="least"),
    Of.MAX: Text(id="tertinggi", en="greatest"),
    Of.SUM: Text(id="jumlah", en="sum"),
    Of.COUNT: Text(id="banyaknya sampel", en="number of samples"),
    Of.LAST: Text(id="terakhir", en="last"),
    Of.RANGE: Text(id="rentang", en="range"),
    Of.LENGTH: Text(id="lamanya", en="length"),
}
_NAMED: Final = 3  # devices named in a sentence
_STEPS: Final = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


def beyond(series: Series, value: float, limit: float, side: Side, held: int) -> Text:
    """A value beyond its limit, for `held` seconds."""
    id_, en = ("di bawah", "below") if side is Side.BELOW else ("di atas", "above")
    shown, bound = amount(value, series.unit), amount(limit, series.unit)
    length_id, length_en = (f" selama {duration(held).id}", f" for {duration(held).en}") if held else ("", "")
    name = _name(series)
    return Text(
        id=f"{name.id} {shown.id}, {id_} batas {bound.id}{length_id}",
        en=f"{name.en} {shown.en}, {en} the limit of {bound.en}{length_en}",
    )


def unusual(series: Series, value: float, low: float, high: float) -> Text:
    """A value outside what is usual at this hour."""
    shown, least, most = (amount(number, series.unit) for number in (value, low, high))
    name = _name(series)
    return Text(
        id=f"{name.id} {shown.id}, biasanya {least.id} sampai {most.id} pada jam ini",
        en=f"{name.en} {shown.en}, usually {least.en} to {most.en} at this hour",
    )


def changes(series: Series, value: float, test: Rate) -> Text:
    """A value that changes too fast."""
    name, window, per = _name(series), duration(round(test.over)), _per(test.per)
    up = value >= 0
    shown, bound = amount(abs(value), series.unit), amount(abs(test.limit), series.unit)
    above = (test.side is not Side.BELOW) if test.limit >= 0 else (test.side is Side.BELOW)
    way_id, way_en = ("naik", "rises by") if up else ("turun", "falls by")
    than_id, than_en = ("di atas", "above") if above else ("di bawah", "below")
    return Text(
        id=f"{name.id} {way_id} {shown.id} per {per.id} selama {window.id}, {than_id} batas {bound.id}",
        en=f"{name.en} {way_en} {shown.en} per {per.en} over {window.en}, {than_en} the limit of {bound.en}",
    )


def stands(series: Series, test: Stuck) -> Text:
    """A value that does not move."""
    name, length = _name(series), duration(round(test.over))
    if not test.tolerance:
        return Text(
            id=f"{name.id} tidak berubah selama {length.id}", en=f"{name.en} has not changed for {length.en}"
        )
    within = amount(test.tolerance, series.unit)
    return Text(
        id=f"{name.id} berubah tidak lebih dari {within.id} selama {length.id}",
        en=f"{name.en} has moved by no more than {within.en} for {length.en}",
    )


def flaps(series: Series, changes: int, test: Flapping) -> Text:
    """A value that goes to and fro."""
    name, length = _name(series), duration(round(test.over))
    return Text(
        id=f"{name.id} berganti {changes} kali dalam {length.id}, batas {test.changes}",
        en=f"{name.en} changed {changes} times within {length.en}, the limit is {test.changes}",
    )


def burns(series: Series, value: float, test: BurnRate) -> Text:
    """Failures that use up their budget too fast."""
    name, goal, times = _name(series), amount(test.objective, "/"), amount(value, "")
    return Text(
        id=f"{name.id}: kegagalan menghabiskan jatah dari target {goal.id}, {times.id} kali batas lajunya",
        en=f"{name.en}: failures use up the budget of the {goal.en} objective at {times.en} times the limit",
    )


def inactive() -> Text:
    """The rule does not judge at this time."""
    return Text(id="Di luar waktu berlaku aturan", en="Outside the times at which the rule applies")


def quorum(test: Quorum, devices: Sequence[str], heard: int) -> Text:
    """So many of a group's devices beyond a limit."""
    id_, en = ("di bawah", "below") if test.side is Side.BELOW else ("di atas", "above")
    bound = amount(test.limit, "")
    some = f": {', '.join(devices[:_NAMED])}{', …' if len(devices) > _NAMED else ''}" if devices else ""
    return Text(
        id=f"{len(devices)} dari {heard} perangkat {id_} batas {bound.id}{some}",
        en=f"{len(devices)} of {heard} devices {en} the limit of {bound.en}{some}",
    )


def together(numbers: Mapping[str, float | None], *, over: bool) -> Text:
    """What several sources say of a place."""
    shown = {name: amount(value, "") if value is not None else None for name, value in numbers.items()}
    id_ = ", ".join(f"{name} {value.id if value else 'tidak diketahui'}" for name, value in shown.items())
    en = ", ".join(f"{name} {value.en if value else 'unknown'}" for name, value in shown.items())
    return Text(id=f"Normal kembali: {id_}", en=f"Normal again: {en}") if over else Text(id=id_, en=en)


def silent_group(seconds: int) -> Text:
    """No data of a whole group for a time."""
    length = duration(seconds)
    return Text(
        id=f"Tidak ada data dari satu perangkat pun selama {length.id}",
        en=f"No data from any of the devices for {length.en}",
    )


def window_beyond(series: Series, value: float, unit: str, test: Threshold, window: Window) -> Text:
    """What a window says is beyond its limit."""
    name, which = _name(series), _WINDOWS[window.of]
    shown, bound = (
        duration(round(one)) if window.of is Of.LENGTH else amount(one, unit) for one in (value, test.limit)
    )
    id_, en = ("di bawah", "below") if test.side is Side.BELOW else ("di atas", "above")
    if isinstance(window, Tumbling | Sliding):
        length = duration(round(window.size))
        over = Text(id=f"selama {length.id}", en=f"over {length.en}")
    elif isinstance(window, Session):
        over = Text(id="dalam satu rangkaian", en="in one session")
    else:
        over = Text(id=f"dari {window.samples} sampel", en=f"of {window.samples} samples")
    return Text(
        id=f"{name.id}, {which.id} {over.id}: {shown.id}, {id_} batas {bound.id}",
        en=f"{name.en}, {which.en} {over.en}: {shown.en}, {en} the limit of {bound.en}",
    )


def calm(series: Series) -> Text:
    """A series that is well again."""
    name = _name(series)
    return Text(id=f"{name.id} normal kembali", en=f"{name.en} is normal again")


def novel(series: Series, value: float) -> Text:
    """A value as its series never brought it."""
    name, shown = _name(series), amount(value, series.unit)
    return Text(
        id=f"{name.id} {shown.id}, belum pernah seperti ini",
        en=f"{name.en} {shown.en}, unlike anything before",
    )


def normal(series: Series, value: float) -> Text:
    """A value that is well again."""
    shown, name = amount(value, series.unit), _name(series)
    return Text(id=f"{name.id} {shown.id}, normal kembali", en=f"{name.en} {shown.en}, normal again")


def alarm(series: Series, *, active: bool) -> Text:
    """An alarm of the device itself began, or is over."""
    name = _name(series)
    return name if active else Text(id=f"{name.id} berakhir", en=f"{name.en} is over")


def silent(seconds: int) -> Text:
    """No data for a time."""
    length = duration(seconds)
    return Text(id=f"Tidak ada data selama {length.id}", en=f"No data for {length.en}")


def heard() -> Text:
    """Data has come again."""
    return Text(id="Data diterima kembali", en="Data is coming in again")


def dropped() -> Text:
    """The rule itself is gone."""
    return Text(id="Aturan tidak berlaku lagi", en="The rule no longer applies")


def amount(value: float, unit: str) -> Text:
    """A number with its unit, as each language writes it."""
    if unit == "/":
        value, symbol = value * 100, "%"
    elif unit == "B":
        symbol, step = next(((name, step) for name, step in _STEPS if abs(value) >= step), ("B", 1.0))
        value /= step
    else:
        symbol = _SYMBOLS.get(unit, unit)
    digits = 0 if abs(value) >= 100 or float(value).is_integer() else 1
    en = f"{value:,.{digits}f}"
    id_ = en.translate(str.maketrans(",.", ".,"))
    end = f" {symbol}" if symbol else ""
    return Text(id=id_ + end, en=en + end)


def duration(seconds: int) -> Text:
    """A length of time in its largest whole unit."""
    for size, id_, en in ((86_400, "hari", "day"), (3_600, "jam", "hour"), (60, "menit", "minute")):
        if seconds >= size:
            count = seconds // size
            return Text(id=f"{count} {id_}", en=f"{count} {en}{'s' if count > 1 else ''}")
    return Text(id=f"{seconds} detik", en=f"{seconds} second{'s' if seconds != 1 else ''}")


def _per(seconds: float) -> Text:
    """`menit`, `5 menit`."""
    length = duration(round(seconds))
    return Text(id=length.id.removeprefix("1 "), en=length.en.removeprefix("1 "))


def _name(series: Series) -> Text:
    entry = measurements.find(series.metric)
    text = entry.text if entry else Text(id=series.metric, en=series.metric)
    where = f" ({series.instance})" if series.instance else ""
    return Text(id=text.id + where, en=text.en + where)
