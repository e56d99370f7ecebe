"""Reports: figures, words, pictures, and files that give them back."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from analytics.backtest import plot, report, table
from analytics.backtest.lives import Past
from analytics.backtest.replay import Span
from analytics.backtest.table import Table
from analytics.backtest.words import summary
from contracts import backtest
from contracts.backtest import Report
from contracts.errors import Refused
from contracts.rules import HourOfWeek, Rule, Side, Threshold
from tests.analytics.conftest import NOW, SECOND, Kit

HOUR = 3_600
KIT = Kit()
HOT = KIT.rule(Threshold(limit=80), "temperature")


def outcome(rule: Rule, known: Table, until: int, *past: Past) -> Report:
    span = Span(since=NOW, until=NOW + until * SECOND)
    return asyncio.run(report.examine(rule, known, KIT.roster(), span, source="a.csv", past=past))


def peaks() -> Table:
    """kiosk-1 hot at 1:00, 2:00 and 30:00 for 10 minutes each, and kiosk-2 once and for good."""
    rows = [(KIT.series(), NOW, 60.0), (KIT.series(device="kiosk-2"), NOW + 35 * HOUR * SECOND, 95.0)]
    for hour in (1, 2, 30):
        at = NOW + hour * HOUR * SECOND
        rows += [(KIT.series(), at, 90.0), (KIT.series(), at + 600 * SECOND, 60.0)]
    return Table(rows)


def test_figures_of_a_span() -> None:
    near = Past(number="TGI-1", site="bima", device="kiosk-1", start=NOW + HOUR * SECOND, end=None)
    far = Past(number="TGI-2", site="pusat", device="kiosk-77", start=NOW + HOUR * SECOND)
    found = outcome(HOT, peaks(), 36 * HOUR, near, far)
    assert (found.lives, found.unended, found.samples, found.series, found.devices) == (4, 1, 8, 2, 2)
    assert (found.median, found.longest, found.seconds) == (600, HOUR, 3 * 600 + HOUR)
    assert [(one.name, one.lives) for one in found.by_device] == [("kiosk-1", 3), ("kiosk-2", 1)]
    assert found.noisiest[0].name == "kiosk-1 temperature"
    assert [hour for hour, count in enumerate(found.hours) if count] == [8, 9, 13, 18]  # 07:00 + 1, 2, 30, 35
    assert [(one.name, one.lives) for one in found.days] == [("2025-12-01", 2), ("2025-12-02", 2)]
    assert (found.incidents, found.met, found.alone) == (1, 1, 1)  # kiosk-1's incident is not over yet
    assert summary(found)[0].id.startswith("Akan memberi 4 peringatan selama 1 hari")


def test_the_same_past_gives_the_same_report_and_picture() -> None:
    one, two = outcome(HOT, peaks(), 36 * HOUR), outcome(HOT, peaks(), 36 * HOUR)
    assert one == two
    assert one.hash == two.hash
    assert one.hash != outcome(HOT, peaks(), 35 * HOUR).hash
    assert plot.draw(one) == plot.draw(two)
    assert plot.draw(one) != plot.draw(one, dark=True)
    assert plot.draw(one, form="png").startswith(b"\x89PNG")


def test_a_quiet_rule_and_one_without_data_say_so() -> None:
    cold = Table([(KIT.series(), NOW + HOUR * SECOND, 60.0)])
    assert "not have alerted once" in summary(outcome(HOT, cold, 2 * HOUR))[0].en
    assert "no data" in summary(outcome(KIT.rule(Threshold(limit=1), "door.open"), cold, 2 * HOUR))[0].en
    assert plot.draw(outcome(HOT, cold, 2 * HOUR))


def test_a_baseline_is_learnt_from_before_each_hour() -> None:
    start = -4 * 7 * 24
    rule = KIT.rule(
        HourOfWeek(side=Side.ABOVE, weeks=4, least_weeks=3, factor=4, least=5), "temperature", id_="odd"
    )
    rows = [
        (KIT.series(), NOW + hour * HOUR * SECOND, 50.0 + hour % 24)
        for hour in range(start, 48)
        if hour != 40
    ]
    rows.append((KIT.series(), NOW + 40 * HOUR * SECOND, 500.0))
    found = outcome(rule, Table(rows), 48 * HOUR)
    assert [(one.start - NOW) / SECOND / HOUR for one in found.shown] == [40.0]
    assert (found.samples, found.unended) == (48, 0)


def test_a_file_of_reports_gives_them_back(tmp_path: Path) -> None:
    found = outcome(HOT, peaks(), 36 * HOUR)
    quiet = outcome(HOT, Table([(KIT.series(), NOW, 60.0)]), HOUR)
    assert backtest.decode(msgspec.json.encode(quiet)).hash == quiet.hash
    backtest.write(tmp_path / "r.json", [found])
    assert backtest.read(tmp_path / "r.json") == {HOT.hash: found}
    assert backtest.read(tmp_path / "r.json")[HOT.hash].hash == found.hash
    (tmp_path / "bad.json").write_text('[{"rule": 1}]')
    with pytest.raises(Refused, match="report"):
        backtest.read(tmp_path / "bad.json")
    with pytest.raises(Refused, match="No such file"):
        backtest.read(tmp_path / "none.json")


def test_a_csv_file_is_a_store(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(
        "time,site,kind,device,metric,value,instance\n"
        f"{NOW},bima,kiosk,kiosk-1,temperature,60,\n"
        "2025-12-01T07:00:01+07:00,bima,kiosk,kiosk-1,temperature,90.5,\n"
        f"{NOW},bima,kiosk,kiosk-1,screen.on,true,\n"
    )
    known = table.load(file)
    assert known.span == (NOW, NOW + SECOND + 1)
    assert [one.device for one in known.entries] == ["kiosk-1"]
    (points,) = known.range(HOT.select, 0, NOW * 2)
    assert (points.times, points.values, points.series.unit) == ([NOW, NOW + SECOND], [60.0, 90.5], "Cel")
    assert sum(len(one.times) for one in known.range(HOT.select, 0, NOW * 2, limit=1)) == 1


@pytest.mark.parametrize(
    "line, told",
    [
        ("1,bima,kiosk,kiosk-1,temperature,1", "time"),
        (f"{NOW},bima,toaster,kiosk-1,temperature,1", "kind"),
        (f"{NOW},Bima,kiosk,kiosk-1,temperature,1", "site"),
        (f"{NOW},bima,kiosk,kiosk-1,temperature,hot", "value"),
        (f"{NOW},bima,kiosk,kiosk-1,temperature,inf", "value"),
        (f"{NOW},bima,kiosk,kiosk-1,,1", "metric"),
        (f"{NOW},bima", "6 columns"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, told: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"time,site,kind,device,metric,value\n{line}\n")
    with pytest.raises(Refused, match=told) as error:
        table.load(file)
    assert ":2" in str(error.value)
