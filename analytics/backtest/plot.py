"""A report as a timeline: which device would have told when, and at which hours."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final, Literal

from contracts.backtest import Report
from contracts.instants import HOUR, to_datetime

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROWS: Final = 20  # devices
_DAY_COLOURS: Final = {"ink": "#16324f", "soft": "#5b6b7b", "paper": "#ffffff", "mark": "#b3401f"}
_NIGHT_COLOURS: Final = {"ink": "#e6edf5", "soft": "#9fb0c3", "paper": "#101a26", "mark": "#ff9a6b"}
_JAKARTA: Final = 7 * HOUR
_LEAST: Final = 1 / 400  # of the span: a shorter life would not be seen


def draw(report: Report, *, form: Literal["svg", "png"] = "svg", dark: bool = False) -> bytes:
    """The picture; the same report gives the same bytes."""
    from matplotlib import rc_context  # here and below: it is slow to load
    from matplotlib.figure import Figure

    colours = _NIGHT_COLOURS if dark else _DAY_COLOURS
    rows = [one.name for one in report.by_device[:_ROWS]]
    with rc_context({"svg.hashsalt": "imm", "font.family": "sans-serif", "font.size": 9}):
        figure = Figure(figsize=(9, 2.2 + 0.22 * max(1, len(rows)) + 1.2), layout="constrained")
        figure.set_facecolor(colours["paper"])
        above, below = figure.subplots(2, 1, height_ratios=[max(2, 0.22 * len(rows) + 1), 1.2])
        _timeline(above, report, rows, colours)
        _hours(below, report, colours)
        written = io.BytesIO()
        told: dict[str, Any] = {"Date": None} if form == "svg" else {"Software": None}
        figure.savefig(written, format=form, metadata=told, dpi=120)
    return written.getvalue()


def _timeline(axes: Axes, report: Report, rows: list[str], colours: dict[str, str]) -> None:
    from matplotlib import dates

    def place(time: int) -> float:
        return float(dates.date2num(to_datetime(time + _JAKARTA)))

    low, high = place(report.since), place(report.until)
    for number, device in enumerate(rows):
        of = [one for one in report.shown if one.device == device]
        for colour, some in (
            (colours["mark"], [one for one in of if not one.incident]),
            (colours["ink"], [one for one in of if one.incident]),
        ):
            spans = [
                (start, max(place(one.end or report.until) - start, (high - low) * _LEAST))
                for one in some
                for start in (place(one.start),)
            ]
            axes.broken_barh(spans, (number - 0.35, 0.7), facecolors=colour)
    axes.set_xlim(low, high)
    axes.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), rows)
    locator = dates.AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    _plain(axes, colours)


def _hours(axes: Axes, report: Report, colours: dict[str, str]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.bar(range(24), report.hours, color=colours["ink"], width=0.8)
    axes.set_xticks(range(0, 24, 3), [f"{hour:02d}" for hour in range(0, 24, 3)])
    axes.set_xlim(-0.6, 23.6)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    _plain(axes, colours)


def _plain(axes: Axes, colours: dict[str, str]) -> None:
    axes.set_facecolor(colours["paper"])
    axes.tick_params(colors=colours["soft"], length=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(colours["soft"])
    axes.xaxis.get_offset_text().set_color(colours["soft"])
