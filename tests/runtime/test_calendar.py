"""Working days and hours of the city: the decrees' days, Ramadan, and arithmetic that agrees with itself."""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.instants import DAY, HOUR, MINUTE, from_datetime
from runtime.calendar import Calendars, NoTable, Settings, Table, Week, Working, estimate
from runtime.calendar.working import TooFar
from runtime.settings import Wrong

JAKARTA = ZoneInfo("Asia/Jakarta")
TABLED = (2024, 2025, 2026, 2027)
CALENDARS = Calendars()
OFFICE, DAYS = CALENDARS.hours, CALENDARS.days
FEW = settings(max_examples=50)
SLACK = 4  # µs of a day's worth that one µs on the wall makes, at most


def at(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=JAKARTA))


moments = st.integers(at("2024-01-01T00:00"), at("2028-06-30T00:00"))
days = st.dates(date(2024, 1, 1), date(2028, 6, 30))
spans = st.one_of(st.integers(-200 * HOUR, 200 * HOUR), st.integers(-5, 5).map(lambda n: n * HOUR))


@pytest.mark.parametrize("number", TABLED)
def test_our_table_is_what_the_library_knows(number: int) -> None:
    year = Table().year(number)

    def known(category: str) -> set[date]:
        return set(holidays.country_holidays("ID", years=number, categories=(category,)))

    assert set(year.national) == known(holidays.PUBLIC)
    assert set(year.joint) == known(holidays.GOVERNMENT)
    assert year.source
    assert not year.expected


@pytest.mark.parametrize("number", TABLED)
def test_ramadan_ends_the_day_before_the_feast(number: int) -> None:
    year = Table().year(number)
    (month,) = year.ramadan
    assert "Idul Fitri" in year.national[month.last + timedelta(days=1)]
    assert (month.last - month.first).days + 1 in (29, 30)


def test_a_year_without_a_decree_is_an_estimate() -> None:
    year = Table().year(2030)
    assert year.expected
    assert date(2030, 8, 17) in year.national
    assert len(year.ramadan) == 2, "in 2030 one month of fasting is in January, another begins in December"


def test_without_the_library_an_unknown_year_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(estimate, "year", lambda _number: None)
    with pytest.raises(NoTable, match="2041"):
        Table().year(2041)
    (tmp_path / "days.toml").write_text('[2041.national]\n2041-07-25 = "Hari Jadi"\n')
    assert Table(tmp_path / "days.toml").year(2041).national == {date(2041, 7, 25): "Hari Jadi"}


def test_a_local_file_adds_days_works_others_and_replaces_a_year(tmp_path: Path) -> None:
    file = tmp_path / "days.toml"
    file.write_text(
        '[2026]\nwork = [2026-12-24, 2026-12-19]\n[2026.national]\n2026-07-27 = "Hari Jadi Kota"\n'
        '[2027]\nsource = "SKB 9/2026"\n[2027.national]\n2027-01-01 = "Tahun Baru"\n'
    )
    office = Calendars(Settings(days=file)).hours
    assert office.closed(date(2026, 7, 27)) == "Hari Jadi Kota"
    assert office.is_working(date(2026, 12, 24)), "joint leave that is worked all the same"
    assert office.is_working(date(2026, 12, 19)), "a Saturday"
    assert not office.is_working(date(2026, 12, 25))
    assert office.is_working(date(2027, 3, 10)), "the file's year is the whole year"


@pytest.mark.parametrize(
    "text, said",
    [
        ("[2026", "end of a table declaration"),
        ("[2026.national]\n2027-01-01 = 'x'\n", "stands in the table of 2026"),
        ("[2026]\nfree = []\n", "unknown field"),
        ("[year]\n", "int"),
    ],
)
def test_a_wrong_local_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "days.toml").write_text(text)
    with pytest.raises(Wrong, match=said):
        Table(tmp_path / "days.toml")
    with pytest.raises(Wrong, match="No such file"):
        Table(tmp_path / "none.toml")


@pytest.mark.parametrize(
    "week",
    [Week(monday=("8-12",)), Week(monday=("12:00-08:00",)), Week(monday=("08:00-12:00", "11:00-16:00"))],
)
def test_hours_that_are_none_are_refused(week: Week) -> None:
    with pytest.raises(Wrong, match=r"calendar.hours.monday"):
        Calendars(Settings(hours=week))


def test_a_week_without_hours_or_an_unknown_zone_is_refused() -> None:
    empty = Week(monday=(), tuesday=(), wednesday=(), thursday=(), friday=())
    with pytest.raises(Wrong, match="at least one day"):
        Calendars(Settings(hours=empty))
    with pytest.raises(Wrong, match="time zone"):
        Calendars(Settings(zone="Asia/Cirebon"))


def test_a_week_has_the_hours_of_the_decree() -> None:
    assert OFFICE.between(at("2026-11-09T00:00"), at("2026-11-16T00:00")) == 37 * HOUR + 30 * MINUTE
    assert OFFICE.between(at("2026-03-02T00:00"), at("2026-03-09T00:00")) == 32 * HOUR + 30 * MINUTE
    assert DAYS.between(at("2026-11-09T00:00"), at("2026-11-16T00:00")) == 5 * DAY
    assert DAYS.between(at("2026-03-02T00:00"), at("2026-03-09T00:00")) == 5 * DAY


@pytest.mark.parametrize(
    "start, hours, end",
    [
        ("2026-11-09T08:00", 2, "2026-11-09T10:00"),
        ("2026-11-09T11:00", 2, "2026-11-09T14:00"),  # a break
        ("2026-11-13T16:00", 2, "2026-11-16T09:00"),  # a weekend
        ("2026-11-14T10:00", 1, "2026-11-16T08:30"),  # begins on a Saturday
        ("2026-12-23T15:00", 2, "2026-12-28T08:30"),  # joint leave, Christmas, weekend
        ("2026-11-09T10:00", -1, "2026-11-09T09:00"),
        ("2026-11-09T08:00", -1, "2026-11-06T16:00"),
        ("2026-11-09T13:30", -1, "2026-11-09T11:30"),
    ],
)
def test_working_hours(start: str, hours: int, end: str) -> None:
    assert OFFICE.after(at(start), hours * HOUR) == at(end)


@pytest.mark.parametrize(
    "start, days, end",
    [
        ("2026-11-09T10:00", 3, "2026-11-12T16:00"),  # LAPOR: verified within three working days
        ("2026-11-14T10:00", 1, "2026-11-16T16:00"),  # what comes on a Saturday counts from Monday
        ("2026-12-23T10:00", 1, "2026-12-28T16:00"),
        ("2026-03-17T10:00", 2, "2026-03-26T16:00"),  # Nyepi, Idul Fitri and their joint leave
        ("2026-11-11T23:59", 2, "2026-11-13T16:30"),
    ],
)
def test_a_deadline_in_working_days_ends_when_the_office_closes(start: str, days: int, end: str) -> None:
    assert DAYS.closing(at(start), days) == at(end)
    assert CALENDARS["always"].closing(at(start), days) == at(start) + days * DAY


def test_a_deadline_keeps_its_days_through_ramadan() -> None:
    start = at("2026-02-16T10:00")
    due = DAYS.closing(start, 14)
    left = DAYS.between(start, due)
    assert 13 * DAY < left <= 14 * DAY
    assert DAYS.after(at("2026-11-09T07:30"), 2 * DAY) == at("2026-11-10T16:00")


def test_without_joint_leave_offices_are_open() -> None:
    assert Calendars(Settings(joint_leave=False)).hours.is_working(date(2026, 12, 24))


def test_names_are_those_that_are_written_down() -> None:
    assert {name: CALENDARS[name].name for name in CALENDARS} == {n: n for n in ("always", "hours", "days")}
    assert len(CALENDARS) == 3


def test_a_span_that_is_a_mistake_is_refused() -> None:
    with pytest.raises(TooFar):
        OFFICE.after(at("2026-11-09T08:00"), 100_000 * HOUR)
    with pytest.raises(TooFar):
        OFFICE.shift(date(2026, 11, 9), -10_000)
    with pytest.raises(ValueError, match="one working day"):
        OFFICE.closing(at("2026-11-09T08:00"), 0)


@FEW
@given(start=moments, span=spans)
def test_hours_are_what_was_asked_for(start: int, span: int) -> None:
    end = OFFICE.after(start, span)
    assert OFFICE.between(start, end) == span
    assert (end >= start) == (span >= 0)


@FEW
@given(start=moments, span=st.integers(-20 * DAY, 20 * DAY))
def test_days_are_what_was_asked_for(start: int, span: int) -> None:
    passed = DAYS.between(start, DAYS.after(start, span))
    assert abs(span) <= abs(passed) <= abs(span) + SLACK


@pytest.mark.parametrize("calendar", [OFFICE, DAYS], ids=["hours", "days"])
@FEW
@given(start=moments, span=spans)
def test_nothing_earlier_and_nothing_later_would_do(calendar: Working, start: int, span: int) -> None:
    end = calendar.after(start, span)
    if span > 0:
        assert calendar.between(start, end - 1) < span
    elif span < 0:
        assert calendar.between(start, end + 1) > span


@pytest.mark.parametrize("calendar", [OFFICE, DAYS], ids=["hours", "days"])
@FEW
@given(first=moments, second=moments, span=spans, more=st.integers(0, 90 * HOUR))
def test_later_starts_and_longer_spans_end_no_earlier(
    calendar: Working, first: int, second: int, span: int, more: int
) -> None:
    first, second = sorted((first, second))
    assert calendar.after(first, span) <= calendar.after(second, span)
    assert calendar.after(first, span) <= calendar.after(first, span + more)


@pytest.mark.parametrize("calendar", [OFFICE, DAYS], ids=["hours", "days"])
@FEW
@given(times=st.tuples(moments, moments, moments))
def test_parts_add_up(calendar: Working, times: tuple[int, int, int]) -> None:
    first, second, third = times
    assert calendar.between(first, second) + calendar.between(second, third) == calendar.between(first, third)
    assert calendar.between(first, second) == -calendar.between(second, first)


@FEW
@given(day=days, number=st.integers(-40, 40))
def test_days_there_and_back(day: date, number: int) -> None:
    there = OFFICE.shift(day, number)
    assert OFFICE.count(day, there) == number or (number < 0 and not OFFICE.is_working(day))
    if OFFICE.is_working(day):
        assert OFFICE.shift(there, -number) == day
    assert number == 0 or OFFICE.is_working(there)


@FEW
@given(first=days, second=days, number=st.integers(-20, 20))
def test_a_later_day_leads_no_earlier(first: date, second: date, number: int) -> None:
    first, second = sorted((first, second))
    assert OFFICE.shift(first, number) <= OFFICE.shift(second, number) or number == 0
