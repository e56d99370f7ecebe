"""`imm chaos`."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import click
import msgspec
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from runtime import cli
from runtime.cli import Failure, emit, json_option, report_option
from simulator.chaos.count import summary
from simulator.chaos.run import Plan, Result, run
from simulator.chaos.stack import Stuck


@click.command()
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(1, 100_000), help="Kills.")
@click.option("--seed", default=1, show_default=True, help="Of victims and moments.")
@click.option(
    "--broker", default="auto", show_default=True, type=click.Choice(["auto", "mosquitto", "iotcore"])
)
@click.option("--devices", default=8, show_default=True)
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), help="Work in this folder and keep it."
)
@report_option
@json_option
@click.pass_context
def chaos(
    context: click.Context,
    rounds: int,
    seed: int,
    broker: str,
    devices: int,
    keep: Path | None,
    report: Path | None,
    *,
    json: bool,
) -> None:
    """Kill -9 agent, broker and the platform's processes at random moments, and count every sample.

    With IMM_STORE__ENGINE=influx each part is a process of its own, and is killed too.
    Exit status 1 where anything was lost, doubled, left out of order, or a peak was told by no alert.
    """
    plan = Plan(rounds=rounds, seed=seed, broker=broker, devices=devices)
    with tempfile.TemporaryDirectory(prefix="imm-chaos-") as folder:
        place = keep or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        result = _run(plan, place, quiet=json)
    figures = flat(result)
    if report:
        _write(report, figures, seed)
    emit(figures, json=json)
    context.exit(1 if wrong(result) else 0)


def flat(result: Result) -> dict[str, int]:
    """Report keys."""
    return {
        "kills": sum(result.kills.values()),
        **msgspec.structs.asdict(result.figures),
        "order_violations": result.order_violations,
        "first_transmissions_seen": result.seen,
        **summary(result.kills),
    }


def wrong(result: Result) -> bool:
    """Whether anything was lost, doubled, left out of order or untold."""
    found = result.figures
    return bool(
        found.lost
        or found.duplicated
        or found.holes
        or found.ledger_missing
        or found.peaks_untold
        or found.alerts_alone
        or found.incidents_doubled
        or result.order_violations
    )


def _run(plan: Plan, folder: Path, *, quiet: bool) -> Result:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=quiet, transient=True) as progress:
        task = progress.add_task("starting", total=plan.rounds)
        try:
            return asyncio.run(
                run(
                    plan,
                    folder,
                    lambda number, victim: progress.update(
                        task, completed=number, description=f"killed {victim}"
                    ),
                )
            )
        except Stuck as error:
            raise Failure(
                "the run did not settle", str(error), "look into the logs; --keep FOLDER keeps them"
            ) from None


def _write(path: Path, figures: dict[str, int], seed: int) -> None:
    cli.report(path, figures, seed=seed)
