"""A small picture of one alert: its series, the window that decided, and what was expected.

Drawn in a process of its own (`python -m alerts.explain`): matplotlib is slow to load and holds the
interpreter, and whoever serves alerts must do neither.
"""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import msgspec

from contracts import instants
from runtime import logs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE, HIGH, DPI = 7.2, 2.8, 100  # inches, and pixels of each
_ZONE: Final = ZoneInfo("Asia/Jakarta")
_LINE, _BAND, _WINDOW, _LIMIT = "#0b5cad", "#9db8d2", "#f4c9a3", "#b3261e"
_PERCENT: Final = 100.0
_TITLE: Final = 90  # letters


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the picture."""

    title: str
    value: str  # name of the line
    usual: str  # name of the band of what would have been normal
    expected: str  # name of the limit
    window: str  # name of the window that decided
    none: str  # instead of a line


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn. Instants in µs UTC; columns are of one length, in order of time."""

    words: Words
    unit: str = ""  # SenML; `/` is shown in percent
    times: list[int]
    values: list[float]
    least: list[float] = []  # where each value stands for many: the smallest and greatest of them
    most: list[float] = []
    start: int  # of the window
    end: int
    first: int  # of what is shown
    last: int
    expected: float | None = None
    low: float | None = None
    high: float | None = None


def png(drawing: Drawing) -> bytes:
    """The picture, 720 × 280 pixels."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    out = BytesIO()
    with mpl.rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a letter that the font lacks is a box
        figure = Figure(figsize=(WIDE, HIGH), dpi=DPI, layout="constrained")
        axes = figure.add_subplot()
        _window(axes, drawing)
        _expectations(axes, drawing)
        _values(axes, drawing)
        _frame(axes, drawing)
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _window(axes: Axes, drawing: Drawing) -> None:
    start, end = (_date(instant) for instant in (drawing.start, drawing.end))
    if drawing.end > drawing.start:
        axes.axvspan(start, end, color=_WINDOW, alpha=0.6, lw=0, label=drawing.words.window)
    else:
        axes.axvline(start, color=_WINDOW, lw=3, label=drawing.words.window)


def _expectations(axes: Axes, drawing: Drawing) -> None:
    scale = _scale(drawing)
    if drawing.low is not None and drawing.high is not None:
        axes.axhspan(
            drawing.low * scale,
            drawing.high * scale,
            color=_BAND,
            alpha=0.35,
            lw=0,
            label=drawing.words.usual,
        )
    elif drawing.expected is not None:
        axes.axhline(drawing.expected * scale, color=_LIMIT, lw=1.2, ls="--", label=drawing.words.expected)


def _values(axes: Axes, drawing: Drawing) -> None:
    if not drawing.times:
        plain = {"facecolor": "white", "edgecolor": "none"}
        axes.text(
            0.5, 0.5, drawing.words.none, ha="center", va="center", transform=axes.transAxes, bbox=plain
        )
        return
    scale = _scale(drawing)
    dates = [_date(time) for time in drawing.times]
    if drawing.least:
        least, most = ([value * scale for value in column] for column in (drawing.least, drawing.most))
        axes.fill_between(dates, least, most, color=_LINE, alpha=0.18, lw=0)
    shown = [value * scale for value in drawing.values]
    marker = "o" if len(shown) == 1 else None
    axes.plot(dates, shown, color=_LINE, lw=1.3, marker=marker, label=drawing.words.value)


def _frame(axes: Axes, drawing: Drawing) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(tz=_ZONE, minticks=3, maxticks=8)
    formatter = ConciseDateFormatter(locator, tz=_ZONE, show_offset=False)
    formatter.formats = ["%Y", "%m-%Y", "%d-%m", "%H.%M", "%H.%M", "%S"]  # as Indonesia writes them
    formatter.zero_formats = ["", "%Y", "%m-%Y", "%d-%m", "%H.%M", "%H.%M"]
    axes.xaxis_date(_ZONE)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(formatter)
    axes.set_xlim(_date(drawing.first), _date(drawing.last))
    unit = "%" if drawing.unit == "/" else drawing.unit
    axes.set_ylabel("" if unit == "count" else unit)
    axes.set_title(logs.clean(drawing.words.title, _TITLE), fontsize=10, loc="left")
    axes.tick_params(labelsize=8)
    axes.grid(visible=True, color="#dddddd", lw=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=7, loc="upper left", framealpha=0.85, ncols=4)


def _scale(drawing: Drawing) -> float:
    return _PERCENT if drawing.unit == "/" else 1.0


def _date(instant: int) -> float:
    return instant / instants.DAY  # matplotlib counts days since 1970
