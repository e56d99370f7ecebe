"""`imm device import`, `imm device export`: the registry as a table, and the roster's file to start from."""

from __future__ import annotations

from pathlib import Path

import click

from app.fleets import Desk, opened
from app.settings import load
from city.identity.caller import SYSTEM
from city.imports import Mode, Report
from runtime.cli import Failure, emit

_MOST = 100_000


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--all", "whole", is_flag=True, help="All rows, or none where one is refused.")
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Write what was refused, as CSV."
)
@click.pass_context
def import_(context: click.Context, file: Path, report: Path | None, *, dry_run: bool, whole: bool) -> None:
    """Bring devices: a table (CSV, Excel), or a roster in TOML, whose devices count as enrolled."""
    mode = Mode.DRY if dry_run else Mode.ALL if whole else Mode.EACH
    with opened(load(context)) as desk:
        done = _roster(desk, file, mode) if file.suffix == ".toml" else _table(desk, file, mode)
    if report is not None:
        from city.imports.report import exported

        report.write_bytes(exported(done))
    counts = {name: getattr(done, name) for name in ("rows", "new", "changed", "same", "refused")}
    emit({**counts, "changed the registry": done.committed}, json=False)
    if done.problems:
        rows = [
            {"row": one.row, "column": one.column, "value": one.value, "why": one.said.en}
            for one in done.problems[:20]
        ]
        emit(rows, json=False, title="refused")
        context.exit(1)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def export(context: click.Context, file: Path) -> None:
    """Write all devices as a CSV that can be brought again; without who answers for them."""
    from devices.registry import Filters, layout

    with opened(load(context)) as desk:
        found = desk.fleet.registry.page(SYSTEM, Filters(), limit=_MOST)
    file.write_bytes(layout.exported(found))
    click.echo(f"{len(found):,} devices in {file}")


def _table(desk: Desk, file: Path, mode: Mode) -> Report:
    from city.imports.errors import Unreadable
    from devices.registry.tables_api import brought

    try:
        return brought(desk.fleet.registry, desk.imports, SYSTEM, file.read_bytes(), mode)
    except Unreadable as error:
        raise Failure(f"{file} cannot be imported", str(error), str(error.cure)) from None


def _roster(desk: Desk, file: Path, mode: Mode) -> Report:
    from devices.registry.seed import seed
    from devices.roster import Roster

    return seed(desk.db, desk.fleet.registry, SYSTEM, Roster.load(file).list(), mode)
