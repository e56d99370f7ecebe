"""What of a device can be set from the desk, by its kind: keys with their types and ranges."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

import msgspec

from contracts.errors import Refused
from contracts.judgements import Text
from contracts.topics import Kind

MOST: Final = 200  # entries of a list or table
LONGEST: Final = 200  # characters of a text
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
Part = Annotated[str, msgspec.Meta(max_length=80)]
Scalar = float | int | bool | Annotated[str, msgspec.Meta(max_length=LONGEST)]
Value = (
    Scalar
    | Annotated[list[Part], msgspec.Meta(max_length=MOST)]
    | Annotated[dict[Part, dict[Part, float | int]], msgspec.Meta(max_length=MOST)]
)  # as JSON carries it


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be set."""

    name: str  # `period`
    form: Literal["number", "integer", "truth", "choice", "clock", "names", "limits"]
    title: Text
    unit: str = ""  # UCUM, of a number
    least: float = 0
    most: float = 0
    choices: tuple[str, ...] = ()


def _number(name: str, least: float, most: float, unit: str, title: Text, *, whole: bool = False) -> Key:
    form: Literal["number", "integer"] = "integer" if whole else "number"
    return Key(name=name, form=form, least=least, most=most, unit=unit, title=title)


_COMMON: Final = (
    _number("period", 1, 3_600, "s", Text(id="Selang pengukuran", en="Time from sample to sample")),
    _number(
        "probe", 0, 3_600, "s", Text(id="Selang uji jalur; 0: tidak", en="Time from probe to probe; 0: none")
    ),
    _number("tally", 10, 3_600, "s", Text(id="Selang hitungan buku", en="Time from count to count")),
    Key(
        name="encoding",
        form="choice",
        choices=("json", "cbor"),
        title=Text(id="Bentuk kiriman", en="Form of what it sends"),
    ),
    Key(
        name="log-level",
        form="choice",
        choices=("debug", "info", "warning", "error"),
        title=Text(id="Kerincian catatan", en="How much it logs"),
    ),
    Key(
        name="metrics",
        form="names",
        title=Text(id="Metrik yang dikirim; kosong: semua", en="Metrics that it sends; none: all"),
    ),
    Key(
        name="thresholds",
        form="limits",
        title=Text(id="Ambang peringatan setempat", en="Thresholds of local alerts"),
    ),
)
_KIOSK: Final = (
    _number("volume", 0, 100, "%", Text(id="Keras suara", en="Loudness"), whole=True),
    _number("brightness", 0, 100, "%", Text(id="Terang layar", en="Brightness of the screen"), whole=True),
    Key(name="screen-on", form="clock", title=Text(id="Layar menyala pukul", en="Screen on at")),
    Key(name="screen-off", form="clock", title=Text(id="Layar padam pukul", en="Screen off at")),
)
_WIFI: Final = (
    Key(name="visitors", form="truth", title=Text(id="Hitung pengunjung", en="Count visitors")),
    Key(
        name="interfaces",
        form="names",
        title=Text(id="Antarmuka yang diukur", en="Interfaces that it measures"),
    ),
)
_CCTV: Final = (
    _number("fps", 0.1, 30, "Hz", Text(id="Gambar tiap detik", en="Pictures a second")),
    _number(
        "still",
        0,
        86_400,
        "s",
        Text(id="Selang gambar diam; 0: tidak", en="Time from still to still; 0: none"),
    ),
)
KEYS: Final[dict[Kind, dict[str, Key]]] = {
    kind: {key.name: key for key in (*_COMMON, *own)}
    for kind, own in {Kind.KIOSK: _KIOSK, Kind.WIFI: _WIFI, Kind.CCTV: _CCTV}.items()
}


def check(key: Key, value: Any) -> Value:
    """The value, where the key may have it. Raises Refused naming the key."""
    match key.form:
        case "number" | "integer":
            return _counted(key, value)
        case "truth":
            return bool(_must(key, value, ok=isinstance(value, bool), reason="true or false"))
        case "choice":
            return str(_must(key, value, ok=value in key.choices, reason=f"one of {', '.join(key.choices)}"))
        case "clock":
            fits = isinstance(value, str) and bool(_CLOCK.fullmatch(value))
            return str(_must(key, value, ok=fits, reason="a time of day such as 06:30"))
        case "names":
            fits = isinstance(value, list) and len(value) <= MOST and all(_named(one) for one in value)
            return list(_must(key, value, ok=fits, reason=f"up to {MOST} names of a–z, 0–9, `.`, `_`, `-`"))
        case "limits":
            return _limits(key, value)


def _counted(key: Key, value: Any) -> float | int:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    fits = isinstance(value, int | float) and not isinstance(value, bool) and (key.form == "number" or whole)
    kind = "a whole number" if key.form == "integer" else "a number"
    reason = f"{kind} from {key.least:g} to {key.most:g}"
    _must(key, value, ok=fits and key.least <= value <= key.most, reason=reason)
    return int(value) if key.form == "integer" else float(value)


def _limits(key: Key, value: Any) -> dict[str, dict[str, float | int]]:
    """Metric → above, below (in its unit), and how many seconds it must last."""
    reason = f"metric → above, below, seconds; up to {MOST} metrics"
    _must(key, value, ok=isinstance(value, dict) and len(value) <= MOST, reason=reason)
    for metric, limit in value.items():
        fits = _named(metric) and isinstance(limit, dict) and set(limit) <= {"above", "below", "seconds"}
        fits = fits and bool({"above", "below"} & set(limit))
        numbers = fits and all(
            isinstance(one, int | float) and not isinstance(one, bool) and abs(one) < 1e15
            for one in limit.values()
        )
        _must(key, value, ok=numbers and 0 <= limit.get("seconds", 0) <= 86_400, reason=reason)
    return {metric: dict(limit) for metric, limit in value.items()}


def _named(value: Any) -> bool:
    return isinstance(value, str) and bool(_NAME.fullmatch(value))


def _must(key: Key, value: Any, *, ok: bool, reason: str) -> Any:
    if not ok:
        raise Refused(key.name, value, reason)
    return value
