"""The area overview: what is alive, how it fares, how many people, how much data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.builders import common as settings
from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from contracts.judgements import Severity, Text
from contracts.rules import Rule
from contracts.topics import Kind
from dashboards import limits, panels
from dashboards.queries import EVERY, NUMBER, OF_KIND, SHOWN, TEXT, InfluxQL, Sql, metric, only, select
from dashboards.sources import CITY, SAMPLES

UID: Final = "imm-area"
_FULL: Final = 24  # columns of the grid
_BY_TIME: Final = "time($__interval)"
_OVERLAPS: Final = (  # with the time shown, and with the selected site and devices
    "NOT probe AND fired IS NOT NULL"
    " AND started < $__unixEpochTo() * 1000000::bigint"
    " AND coalesce(resolved, $__unixEpochTo() * 1000000::bigint) >= $__unixEpochFrom() * 1000000::bigint"
    " AND site ~ '^(${site:regex})$' AND (device = '' OR device ~ '^(${device:regex})$')"
)
_ALERTS: Final = Sql(
    "SELECT started / 1000 AS time,"
    " coalesce(resolved / 1000, $__unixEpochTo() * 1000::bigint) AS timeend,"
    " concat_ws(': ', nullif(device, ''), title->>'id') AS text,"
    " concat_ws(',', severity, rule, state) AS tags"
    f" FROM alerts WHERE {_OVERLAPS} ORDER BY started LIMIT 500"
)


def build(rules: Sequence[Rule]) -> board.Dashboard:
    """The board, with the limits of these rules."""
    made = (
        board.Dashboard("Ikhtisar kawasan · Area overview")
        .uid(UID)
        .tags(["imm"])
        .timezone("Asia/Jakarta")
        .week_start("monday")
        .time("now-6h", "now")
        .refresh("30s")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .annotation(_alerts())
    )
    for variable in _variables():
        made = made.with_variable(variable)
    pieces = [*_now(), *_kiosks(rules), *_wifi(rules), *_people(), *_data()]
    for number, piece in enumerate(pieces, 1):
        one = piece.id(number)
        made = made.with_row(one) if isinstance(one, board.Row) else made.with_panel(one)
    return made


_Piece = board.Row | stat.Panel | table.Panel | timeseries.Panel


def _now() -> list[_Piece]:
    alive = InfluxQL(
        select(f"last({NUMBER})", EVERY, "time > now() - 5m", OF_KIND, by='"device"'), table=True
    )
    state = InfluxQL(
        select(f'last({TEXT}) AS "state"', metric("status"), OF_KIND, by='"site", "kind", "device"'),
        table=True,
    )
    return [
        panels.row(Text(id="Sekarang", en="Now")),
        panels.number(
            Text(id="Perangkat yang mengirim data", en="Devices sending data"),
            alive,
            width=6,
            about=Text(id="Dalam 5 menit terakhir", en="In the last 5 minutes"),
            reduce="count",
            fields="/^device$/",
        ).with_transformation(
            panels.step(
                "groupBy",
                fields={
                    "device": {"operation": "groupby", "aggregations": []},
                    "Time": {"operation": "aggregate", "aggregations": ["max"]},
                },
            )
        ),
        panels.rows(
            Text(id="Keadaan perangkat", en="State of devices"),
            state,
            width=_FULL - 6,
            about=Text(id="Kabar terakhir dari perangkat", en="The device's last word of itself"),
        )
        .override_by_name("Time", [panels.setting("displayName", panels.title(Text(id="Sejak", en="Since")))])
        .override_by_name(
            "state",
            [
                panels.setting(
                    "mappings",
                    panels.words(
                        away=("/offline/", Text(id="Terputus", en="Away"), limits.COLOURS[Severity.SEVERE]),
                        here=("/online/", Text(id="Tersambung", en="Connected"), limits.WELL),
                    ),
                ),
                panels.setting("custom.cellOptions", {"type": "color-text"}),
            ],
        ),
    ]


def _kiosks(rules: Sequence[Rule]) -> list[_Piece]:
    return [
        panels.row(Text(id="Kios", en="Kiosks")),
        *(
            panels.gauge(name, _values(name, Kind.KIOSK), width=8, rule=limits.find(rules, Kind.KIOSK, name))
            for name in ("cpu.utilization", "memory.utilization", "temperature")
        ),
    ]


def _wifi(rules: Sequence[Rule]) -> list[_Piece]:
    return [
        panels.row(Text(id="Wi-Fi publik", en="Public Wi-Fi")),
        *(
            panels.gauge(name, _values(name, Kind.WIFI), width=12, rule=limits.find(rules, Kind.WIFI, name))
            for name in ("reachability.up", "reachability.time")
        ),
    ]


def _values(name: str, kind: Kind) -> InfluxQL:
    """Means of one metric, a line for each device and part of it."""
    return InfluxQL(
        select(
            f"mean({NUMBER})",
            metric(name),
            SHOWN,
            only(kind),
            by=f'{_BY_TIME}, "device", "instance" fill(none)',
        ),
        alias="$tag_device $tag_instance",
    )


def _people() -> list[_Piece]:
    count = metric("people.count")
    hourly = InfluxQL(
        select(f"sum({NUMBER})", count, SHOWN, by='time(1h), "device" fill(none)'), alias="$tag_device"
    )
    now = InfluxQL(
        select(f'sum({NUMBER}) AS "now"', count, "time > now() - 1h", by='"device"'), ref="A", table=True
    )
    before = InfluxQL(
        select(
            f'sum({NUMBER}) AS "before"',
            count,
            "time > now() - 169h",  # the same hour of the week before
            "time <= now() - 168h",
            by='"device"',
        ),
        ref="B",
        table=True,
    )
    names = {
        "device": Text(id="Titik", en="Point"),
        "now": Text(id="1 jam terakhir", en="Last hour"),
        "before": Text(id="Jam sama pekan lalu", en="Same hour last week"),
        "more": Text(id="Selisih", en="Difference"),
    }
    return [
        panels.row(Text(id="Pengunjung", en="People")),
        panels.rows(
            Text(id="Dibanding pekan lalu", en="Compared with last week"),
            now,
            before,
            width=8,
            about=Text(id="Orang yang lewat di tiap titik", en="People who passed each point"),
        )
        .with_transformation(panels.step("joinByField", byField="device", mode="outer"))
        .with_transformation(
            panels.step(
                "calculateField",
                mode="binary",
                alias="more",
                binary={"left": "now", "operator": "-", "right": "before"},
            )
        )
        .with_transformation(
            panels.step(
                "organize",
                excludeByName={"Time": True, "Time 1": True, "Time 2": True},
                renameByName={name: panels.title(text) for name, text in names.items()},
            )
        ),
        panels.bars(
            Text(id="Orang per jam", en="People an hour"),
            hourly,
            width=8,
            about=Text(id="Dalam waktu yang dipilih", en="In the time chosen"),
        ),
        panels.bars(
            Text(id="Orang per jam, pekan lalu", en="People an hour, last week"),
            hourly,
            width=8,
            about=Text(
                id="Waktu yang dipilih, tujuh hari sebelumnya", en="The time chosen, seven days before"
            ),
        ).time_shift("7d"),
        panels.bars(
            Text(id="Pengunjung berbeda per jam", en="Unique visitors an hour"),
            InfluxQL(
                select(
                    f"last({NUMBER})",
                    metric("visitors.unique"),
                    SHOWN,
                    "\"instance\" = 'hour'",
                    by='time(1h), "site" fill(none)',
                ),
                alias="$tag_site",
            ),
            width=_FULL,
            about=Text(
                id="Perangkat tersambung ke Wi-Fi publik, tiap perangkat sekali, tanpa identitas; "
                "kurang dari 5 tidak ditampilkan",
                en="Devices on the public Wi-Fi, each once, without identities; fewer than 5 are not shown",
            ),
        ),
    ]


def _data() -> list[_Piece]:
    stored = InfluxQL(
        select(f"count({NUMBER})", EVERY, SHOWN, OF_KIND, by=f"{_BY_TIME} fill(none)"), alias="$m"
    )
    return [
        panels.row(Text(id="Data", en="Data")),
        panels.bars(
            Text(id="Data tersimpan", en="Samples stored"),
            stored,
            width=_FULL,
            about=Text(id="Menurut waktu pengukuran, tiap batang", en="By time of measurement, in each bar"),
        )
        .interval("1m")
        .legend(settings.VizLegendOptions().show_legend(False)),
    ]


def _variables() -> list[board.QueryVariable]:
    return [
        _variable("site", Text(id="Kawasan", en="Area"), 'SHOW TAG VALUES WITH KEY = "site"'),
        _variable(
            "kind",
            Text(id="Jenis", en="Kind"),
            'SHOW TAG VALUES WITH KEY = "kind" WHERE "site" =~ /^$site$/',
        ),
        _variable(
            "device",
            Text(id="Perangkat", en="Device"),
            f'SHOW TAG VALUES WITH KEY = "device" WHERE "site" =~ /^$site$/ AND {OF_KIND}',
        ),
    ]


def _variable(name: str, said: Text, query: str) -> board.QueryVariable:
    return (
        board.QueryVariable(name)
        .label(panels.title(said))
        .datasource(SAMPLES.ref)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.NATURAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(VariableOption(text="All", value="$__all", selected=True))
    )


def _alerts() -> board.AnnotationQuery:
    return (
        board.AnnotationQuery()
        .name(panels.title(Text(id="Peringatan", en="Alerts")))
        .datasource(CITY.ref)
        .enable(True)
        .icon_color(limits.COLOURS[Severity.SEVERE])
        .target(_ALERTS)
    )
