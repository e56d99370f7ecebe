"""A report in sentences that an operator can read, Indonesian first."""

from __future__ import annotations

from analytics.wording import duration
from contracts.backtest import Report
from contracts.instants import DAY, SECOND
from contracts.judgements import Text

_MANY = 6  # a day: more than people look at


def summary(report: Report) -> list[Text]:
    """What the rule would have done, the most telling first."""
    days = (report.until - report.since) / DAY
    span = duration(max(1, (report.until - report.since) // SECOND))
    if not report.samples:
        return [
            Text(
                id=f"Tidak ada data selama {span.id} ini: tidak ada yang dapat dinilai.",
                en=f"There is no data of these {span.en}: nothing could be judged.",
            )
        ]
    if not report.lives:
        return [
            Text(
                id=f"Tidak akan memberi peringatan selama {span.id}, dari {report.devices} perangkat.",
                en=f"Would not have alerted once in {span.en}, over {report.devices} devices.",
            )
        ]
    rate = report.lives / days
    found = [
        Text(
            id=f"Akan memberi {report.lives} peringatan selama {span.id}, rata-rata {_id(rate)} sehari, "
            f"pada {len(report.by_device)} dari {report.devices} perangkat.",
            en=f"Would have raised {report.lives} alert{'s' if report.lives > 1 else ''} in {span.en}, "
            f"{rate:.1f} a day, "
            f"on {len(report.by_device)} of {report.devices} devices.",
        ),
        _lengths(report),
        _when(report),
    ]
    if report.incidents:
        found.append(
            Text(
                id=f"Dari {report.incidents} insiden pada masa itu, {report.met} akan diberitakannya; "
                f"{report.alone} peringatan tanpa insiden.",
                en=f"Of {report.incidents} incidents of that time it would have told of {report.met}; "
                f"{report.alone} alerts go with none.",
            )
        )
    if rate > _MANY:
        first = report.noisiest[0]
        found.append(
            Text(
                id=f"Terlalu sering untuk dibaca orang. Paling ramai: {first.name} ({first.lives}).",
                en=f"More than people read. Noisiest: {first.name} ({first.lives}).",
            )
        )
    return found


def _lengths(report: Report) -> Text:
    usual, longest = duration(max(1, round(report.median))), duration(max(1, round(report.longest)))
    left_id = f" {report.unended} belum berakhir." if report.unended else ""
    left_en = f" {report.unended} had not ended." if report.unended else ""
    return Text(
        id=f"Biasanya berlangsung {usual.id}, paling lama {longest.id}.{left_id}",
        en=f"Usually lasting {usual.en}, the longest {longest.en}.{left_en}",
    )


def _when(report: Report) -> Text:
    most = max(range(24), key=lambda hour: (report.hours[hour], -hour))
    day = max(report.days, key=lambda one: one.lives)
    return Text(
        id=f"Paling sering mulai pukul {most:02d} ({report.hours[most]} kali); "
        f"hari terbanyak {day.name} ({day.lives}).",
        en=f"Most began between {most:02d}:00 and {most:02d}:59 ({report.hours[most]}); "
        f"the fullest day was {day.name} ({day.lives}).",
    )


def _id(number: float) -> str:
    return f"{number:.1f}".replace(".", ",")
