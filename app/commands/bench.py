"""`imm bench`: figures of this machine, beside a limit and a peer measured in the same run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from app.brokers.choice import choose
from app.brokers.port import endpoint
from benchmarks import ingest as ingesting
from benchmarks import store as storing
from runtime import cli


@click.group()
def bench() -> None:
    """Measure ingest, store and city against a limit or a peer."""


@bench.command()
@click.option(
    "--seconds", default=20.0, show_default=True, type=click.FloatRange(min=1), help="Of full load."
)
@click.option(
    "--broker", default="auto", show_default=True, type=click.Choice(["auto", "mosquitto", "iotcore"])
)
@click.option(
    "--influx-url", help="Server whose v2 write API answers; without one: no InfluxDB figures, no peer."
)
@click.option("--influx-bucket", default="imm", show_default=True, help="A bucket that is ours to fill.")
@click.option("--influx-token-file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@cli.report_option
@cli.json_option
def ingest(
    seconds: float,
    broker: str,
    influx_url: str | None,
    influx_bucket: str,
    influx_token_file: Path | None,
    report: Path | None,
    *,
    json: bool,
) -> None:
    """Records a second from broker to durable store, receipts on."""
    if influx_url and influx_token_file is None:
        raise cli.Failure(
            "no token for InfluxDB", "its address is given without one", "add --influx-token-file"
        )
    server = (
        ingesting.Influx(url=influx_url, bucket=influx_bucket, token_file=influx_token_file)
        if influx_url and influx_token_file
        else None
    )

    @contextlib.contextmanager
    def fresh(folder: Path) -> Iterator[int]:
        brought = choose(broker, folder)
        brought.start()
        try:
            yield endpoint(brought, 5).port
        finally:
            brought.stop()

    figures: dict[str, Any] = {}
    with _progress(quiet=json) as say:
        figures["embedded"] = ingesting.run("embedded", broker=fresh, seconds=seconds, influx=server, say=say)
        if server:
            figures["influx"] = ingesting.run("influx", broker=fresh, seconds=seconds, influx=server, say=say)
    _tell(figures, report, json=json)


@bench.command()
@click.option("--rows", default=10_000_000, show_default=True, type=click.IntRange(100_000), help="Samples.")
@click.option("--seed", default=1, show_default=True)
@cli.report_option
@cli.json_option
def store(rows: int, seed: int, report: Path | None, *, json: bool) -> None:
    """Writes and reads of the embedded store, beside DuckDB alone."""
    with _progress(quiet=json) as say:
        figures = storing.run(rows, seed=seed, say=say)
    _tell({"embedded": figures}, report, json=json, seed=seed)


@bench.command()
@click.option(
    "--seconds", default=10.0, show_default=True, type=click.FloatRange(min=1), help="Of each figure."
)
@click.option(
    "--pending", default=1_000_000, show_default=True, type=click.IntRange(0), help="Clocks that wait."
)
@click.option(
    "--postgres-url",
    help="An empty database that is ours to fill; without one a server is started where it is installed.",
)
@cli.report_option
@cli.json_option
def city(seconds: float, pending: int, postgres_url: str | None, report: Path | None, *, json: bool) -> None:
    """Events, webhooks, clocks and audit on SQLite and PostgreSQL."""
    from benchmarks import city as measuring

    with _progress(quiet=json) as say:
        figures = measuring.run(postgres=postgres_url, seconds=seconds, pending=pending, say=say)
    _tell(figures, report, json=json)


@bench.command()
@click.option(
    "--runs", default=200, show_default=True, type=click.IntRange(1), help="Days, each with its key."
)
@click.option("--visitors", "count", default=100_000, show_default=True, type=click.IntRange(100))
@click.option("--nodes", default=5, show_default=True, type=click.IntRange(1, 50))
@click.option("--seed", default=1, show_default=True)
@cli.report_option
@cli.json_option
def visitors(runs: int, count: int, nodes: int, seed: int, report: Path | None, *, json: bool) -> None:
    """How well visitors are counted without knowing them, from address to figure."""
    from benchmarks import visitors as measuring

    with _progress(quiet=json) as say:
        figures = measuring.run(runs, visitors=count, nodes=nodes, seed=seed, say=say)
    _tell({"embedded": figures}, report, json=json, seed=seed)


@bench.command()
@click.option("--devices", "count", default=2_000, show_default=True, type=click.IntRange(2, 20_000))
@click.option("--period", default=10.0, show_default=True, help="Seconds between two batches of a device.")
@click.option(
    "--broker", default="auto", show_default=True, type=click.Choice(["auto", "mosquitto", "iotcore"])
)
@cli.report_option
@cli.json_option
def devices(count: int, period: float, broker: str, report: Path | None, *, json: bool) -> None:
    """Kill the broker of thousands of devices: how long until all are back, and what is lost."""
    from benchmarks import devices as measuring
    from simulator.chaos.stack import Stuck

    try:
        with _progress(quiet=json) as say:
            figures = measuring.run(devices=count, period=period, broker=broker, say=say)
    except Stuck as error:
        raise cli.Failure(
            "the run did not settle", str(error), "give it less to do, or a quieter machine"
        ) from None
    if report:
        cli.report(report, figures)
    cli.emit(figures, json=json)


@bench.command()
@click.option("--series", default=10_000, show_default=True, type=click.IntRange(100, 1_000_000))
@click.option(
    "--rate", default=5_000, show_default=True, type=click.IntRange(100), help="Samples a second meanwhile."
)
@click.option("--rounds", default=300, show_default=True, type=click.IntRange(10), help="Alerts timed.")
@click.option(
    "--broker", default="auto", show_default=True, type=click.Choice(["auto", "mosquitto", "iotcore"])
)
@cli.report_option
@cli.json_option
def analytics(series: int, rate: int, rounds: int, broker: str, report: Path | None, *, json: bool) -> None:
    """How fast rules judge, and how long an alert takes from its sample under load."""
    from benchmarks import analytics as judging
    from benchmarks import analytics_path as path
    from simulator.chaos.stack import Stuck

    try:
        with _progress(quiet=json) as say:
            figures = judging.judging(series, say) | path.run(
                rate=rate, rounds=rounds, broker=broker, say=say
            )
    except Stuck as error:
        raise cli.Failure(
            "the run did not settle", str(error), "give it less to do, or a quieter machine"
        ) from None
    if report:
        cli.report(report, figures)
    cli.emit(figures, json=json)


@bench.command()
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The benchmark's folder, with data/ and labels/.",
)
@click.option("--detector", help="One of them; without it all.")
@click.option("--seed", default=1, show_default=True, help="Of the halves into which the series are cut.")
@cli.report_option
@cli.json_option
def nab(data: Path, detector: str | None, seed: int, report: Path | None, *, json: bool) -> None:
    """How well the detectors do on the Numenta Anomaly Benchmark, also on series held out."""
    from benchmarks.nab import run as measuring

    if detector and detector not in measuring.DETECTORS:
        raise cli.Failure(
            "no such detector", f"--detector is {detector}", f"give one of {', '.join(measuring.DETECTORS)}"
        )
    try:
        with _progress(quiet=json) as say:
            figures = measuring.run(data, only=detector, seed=seed, say=say)
    except (OSError, ValueError) as error:
        raise cli.Failure(
            "the benchmark cannot be read", str(error), "give a folder with data/ and labels/"
        ) from error
    _tell(figures, report, json=json, seed=seed)


@bench.command()
@click.option("--alerts", "count", default=10_000, show_default=True, type=click.IntRange(20, 100_000))
@click.option("--rounds", default=100, show_default=True, type=click.IntRange(3), help="Of each question.")
@click.option(
    "--postgres-url",
    help="An empty database that is ours to fill; without one a server is started where it is installed.",
)
@cli.report_option
@cli.json_option
def alerts(count: int, rounds: int, postgres_url: str | None, report: Path | None, *, json: bool) -> None:
    """Many alerts that fire: lists, groups and silences beside them, on SQLite and PostgreSQL."""
    from benchmarks import alerts as measuring

    with _progress(quiet=json) as say:
        figures = measuring.run(count, rounds=rounds, postgres=postgres_url, say=say)
    _tell(figures, report, json=json)


@contextlib.contextmanager
def _progress(*, quiet: bool) -> Iterator[Any]:
    with Console(stderr=True, quiet=quiet).status("starting") as status:
        yield status.update


def _tell(figures: dict[str, Any], report: Path | None, *, json: bool, seed: int | None = None) -> None:
    if report:
        cli.report(report, figures, seed=seed)
    if json:
        cli.emit(figures, json=True)
        return
    for engine, found in figures.items():
        cli.emit(found, json=False, title=engine)
