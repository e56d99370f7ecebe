"""Which days are free: a table a year, a local file over it, an estimate where there is none."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec

from runtime.calendar import estimate
from runtime.calendar.years import NoTable, Ramadan, Year
from runtime.settings import Wrong

INDONESIA: Final = Path(__file__).parent / "indonesia.toml"


class _Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One year of a file. With a source it is the whole year; without one it adds to the year."""

    source: str = ""
    national: dict[date, str] = {}
    joint: dict[date, str] = {}
    work: tuple[date, ...] = ()
    ramadan: tuple[Ramadan, ...] = ()
    expected: bool = False


class Table:
    """Years by number, each read or estimated when first asked for."""

    def __init__(self, local: Path | None = None) -> None:
        """`local`: file in the form of ours. Raises Wrong."""
        self._ours = _read(INDONESIA)
        self._local = _read(local) if local else {}
        self._years: dict[int, Year] = {}

    def year(self, number: int) -> Year:
        """Days of a year. Raises NoTable."""
        found = self._years.get(number)
        if found is None:
            found = self._years[number] = self._make(number)
        return found

    def _make(self, number: int) -> Year:
        local = self._local.get(number, _Written())
        if local.source:
            return _year(number, local)
        ours = self._ours.get(number)
        year = _year(number, ours) if ours else estimate.year(number)
        if year is None and local == _Written():
            raise NoTable(number)
        year = year or Year(year=number, source="local", national={}, joint={})
        return Year(
            year=number,
            source=year.source,
            national={**year.national, **local.national},
            joint={**year.joint, **local.joint},
            ramadan=local.ramadan or year.ramadan,
            work=frozenset(local.work),
            expected=year.expected,
        )


def _year(number: int, written: _Written) -> Year:
    return Year(
        year=number,
        source=written.source,
        national=written.national,
        joint=written.joint,
        ramadan=written.ramadan,
        work=frozenset(written.work),
        expected=written.expected,
    )


def _read(path: Path) -> Mapping[int, _Written]:
    setting = "calendar.days"
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        years = msgspec.convert(data, dict[int, _Written], strict=False)
    except OSError as error:
        raise Wrong(
            setting, path, error.strerror or str(error), "name a file that this user may read"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise Wrong(
            setting, path, str(error), "write it in the form of runtime/calendar/indonesia.toml"
        ) from None
    for number, written in years.items():
        days = {*written.national, *written.joint, *written.work}
        strange = sorted(day for day in days if day.year != number)
        if strange:
            raise Wrong(setting, path, f"{strange[0]} stands in the table of {number}", "move it to its year")
    return years
