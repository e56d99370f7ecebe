"""What InfluxDB refuses, in our words; and what it says of itself through its own tools."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.series import Selector
from runtime.clock import Fake
from store import errors, influx
from store.influx.lines import Lines, key, parse
from store.ledger.book import Book
from store.ledger.database import Database
from store.settings import Influx, Ledger
from tests.fixtures import influx as fixture
from tests.store.parts import a_block, a_series, contents

NOW = 1_790_000_000_000_000
ALL = Selector()


@pytest.fixture
def chosen(influx: fixture.Influx, influx_bucket: str) -> Influx:
    return Influx(
        url=influx.url, token_file=influx.token_file, org=influx.org, bucket=influx_bucket, lines=100
    )


@pytest.fixture
def server(chosen: Influx) -> Iterator[influx.Server]:
    opened = influx.Server(chosen)
    yield opened
    opened.close()


@pytest.mark.parametrize("bad", [{3}, {0, 1, 5, 99, 100, 249}, set(range(250))])
def test_the_lines_that_it_refuses_are_found_and_the_others_stored(
    server: influx.Server, bad: set[int]
) -> None:
    engine = influx.Engine(server, Fake())
    assert (
        server.write(Lines.of([f"clash,device=d,kind=kiosk,site=bima v=1i {NOW}"])) == {}
    )  # another program wrote integers
    rows = [(a_series(metric="clash" if i in bad else "fine"), NOW + i, float(i)) for i in range(250)]
    with pytest.raises(errors.Rejected) as caught:
        engine.write(a_block(*rows))
    assert set(caught.value.rows) == bad
    assert "type" in next(iter(caught.value.rows.values()))
    assert {t - NOW for _, t in contents(engine, Selector(metrics=("fine",)))} == set(range(250)) - bad


def test_a_large_write_goes_side_by_side_and_keeps_the_last_value_of_each_instant(
    server: influx.Server,
) -> None:
    engine = influx.Engine(server, Fake())
    server.write(Lines.of([f"clash,device=kiosk-3,kind=kiosk,site=bima v=1i {NOW}"]))
    family = [a_series(f"kiosk-{i}") for i in range(7)]
    rows = [(family[i % 7], NOW + i % 11, float(i)) for i in range(3_000)]  # each instant some 40 times
    bad = {500: a_series("kiosk-3", metric="clash"), 2_999: a_series("kiosk-3", metric="clash")}
    given = [(bad.get(i, series), time, value) for i, (series, time, value) in enumerate(rows)]
    with pytest.raises(errors.Rejected) as caught:
        engine.write(a_block(*given))
    assert set(caught.value.rows) == set(bad)
    last = {(series, time): value for i, (series, time, value) in enumerate(rows) if i not in bad}
    assert contents(engine, Selector(metrics=(family[0].metric,))) == last
    engine.close()


def test_a_line_that_it_cannot_read_is_named(server: influx.Server) -> None:
    assert set(server.write(Lines.of(["a v=1 1", "b v=", "c v=2 2"]))) == {1}


def test_a_wrong_token_and_a_missing_bucket_say_what_to_change(chosen: Influx, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("another token\n")
    for settings, cure in (
        (msgspec.structs.replace(chosen, token_file=wrong), "token_file"),
        (msgspec.structs.replace(chosen, bucket="nowhere"), "store.influx.bucket"),
    ):
        server = influx.Server(settings)
        with pytest.raises(errors.Gone) as caught:
            server.write(Lines.of(["a v=1 1"]))
        assert cure in caught.value.cure
        server.close()
    with pytest.raises(errors.Gone, match="cannot be read"):
        influx.Server(msgspec.structs.replace(chosen, token_file=tmp_path / "none"))


def test_a_server_that_is_not_there_is_tried_again(chosen: Influx) -> None:
    server = influx.Server(msgspec.structs.replace(chosen, url="http://127.0.0.1:9"))
    with pytest.raises(errors.Retry):
        server.write(Lines.of(["a v=1 1"]))
    with pytest.raises(errors.Retry):
        server.query("SHOW MEASUREMENTS")
    server.close()


def test_a_killed_server_is_tried_again_and_has_what_it_acknowledged(
    chosen: Influx, influx: fixture.Influx
) -> None:
    if not influx.is_ours:
        return  # a server that somebody else runs is not killed
    from store.influx import Engine, Server

    server = Server(chosen)
    engine = Engine(server, Fake())
    rows = [(a_series(), NOW + i, float(i)) for i in range(300)]
    engine.write(a_block(*rows))
    influx.stop(signal.SIGKILL)
    try:
        with pytest.raises(errors.Retry):
            engine.write(a_block(*rows))
        with pytest.raises(errors.Retry):
            engine.last(ALL)
    finally:
        influx.again()
    assert contents(engine) == {(series, time): value for series, time, value in rows}
    engine.close()


def test_the_shell_of_influxdb_reads_what_we_wrote(
    server: influx.Server, chosen: Influx, influx: fixture.Influx
) -> None:
    if not influx.is_ours:
        return  # the 1.x shell speaks to 1.x only
    from store.influx import Engine

    series = a_series(unit="%", instance="core 1")
    Engine(server, Fake()).write(a_block((series, NOW, 12.5), (a_series(metric="status"), NOW, 'say "ah"')))
    query = 'SELECT v, vs, device, unit FROM "cpu.load", "status"'
    shell = subprocess.run(
        [
            "influx",
            "-port",
            str(influx.native),
            "-database",
            chosen.bucket,
            "-format",
            "csv",
            "-execute",
            query,
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert f"cpu.load,{NOW * 1000},12.5,,kiosk-1,%" in shell.stdout
    assert 'say ""ah""' in shell.stdout


def test_workers_share_what_changed_late(chosen: Influx) -> None:
    """Two workers on one bucket: what one wrote late, the other rolls up."""
    from contracts.instants import DAY, HOUR, floor
    from contracts.series import Statistic
    from store.influx import Engine, Server

    clock = Fake()
    one, two = (Engine(Server(chosen), clock) for _ in range(2))
    start = floor(NOW, DAY) - DAY
    one.write(a_block((a_series(), start, 1.0)))
    clock.advance(120)
    two.roll_up(clock.now())
    one.write(a_block((a_series(), start + 1, 5.0)))
    for _ in range(2):
        (found,) = two.aggregate(ALL, start, start + HOUR, step=HOUR, statistic=Statistic.SUM)
        assert list(found.values) == [6.0]
        clock.advance(120)
        two.roll_up(clock.now())
    one.close()
    two.close()


UNITS = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\\"), max_size=8
).filter(str.isprintable)
INSTANCES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.:/-]{0,9}", fullmatch=True)


@given(unit=UNITS, instance=st.one_of(st.just(""), INSTANCES), metric=INSTANCES)
def test_a_series_and_its_key_are_inverse(unit: str, instance: str, metric: str) -> None:
    series = a_series(metric=metric, unit=unit, instance=instance)
    assert parse(key(series)) == series


def test_a_ledger_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    for url in ("mysql://x/y", "not a url", "sqlite:////proc/none/ledger.sqlite"):
        with pytest.raises(errors.Gone, match="cannot be used"):
            Database(Ledger(url=url))
    with pytest.raises(errors.Retry):
        Database(Ledger(url="postgresql+psycopg://nobody@127.0.0.1:9/none"))


def test_a_ledger_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    from sqlalchemy import text

    settings = Ledger(url=f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    database = Database(settings)
    with database.begin() as connection:
        connection.execute(text("UPDATE version SET version = 9"))
    database.close()
    with pytest.raises(errors.Gone, match="newer version"):
        Database(settings)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_ledger_of_the_first_version_is_brought_up_to_date(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    from sqlalchemy import text

    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    if kind == "postgresql":
        url = request.getfixturevalue("postgres_url")
    told = "tallies" if kind == "sqlite" else "ledger.tallies"
    numbers = "version" if kind == "sqlite" else "ledger.version"
    database = Database(Ledger(url=url))
    with database.begin() as connection:
        connection.execute(text(f"ALTER TABLE {told} DROP COLUMN strays"))
        connection.execute(text(f"UPDATE {numbers} SET version = 1"))
        row = "'k1', 'telemetry', 0, 'bima', 'kiosk', 9, 9, 4, 1, 1"
        connection.execute(text(f"INSERT INTO {told} VALUES ({row})"))
    database.close()
    database = Database(Ledger(url=url))
    (one,) = Book(database).rows(0, 2**62)
    assert (one.recorded, one.shed) == (9, 4)
    database.close()


def test_two_workers_may_start_at_once(postgres_url: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        databases = list(pool.map(lambda _: Database(Ledger(url=postgres_url)), range(4)))
    assert [Book(database).rows(0, 2**62) for database in databases] == [[]] * 4
    for database in databases:
        database.close()
