"""`imm boards`: Grafana's files from the boards' code."""

from __future__ import annotations

from pathlib import Path

import click

from dashboards import build as building
from dashboards.errors import Wrong
from runtime.cli import Failure


@click.group()
def boards() -> None:
    """Build the boards that Grafana shows."""


@boards.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--rules",
    type=click.Path(dir_okay=False, path_type=Path),
    default=building.RULES,
    help="Rule file whose limits the boards draw (default: the Bima area's).",
)
def build(folder: Path, rules: Path) -> None:
    """Write data sources, provider and boards into FOLDER (`deploy/grafana` in the repository)."""
    try:
        written = building.write(folder, rules)
    except Wrong as error:
        raise Failure(
            "the boards were not built",
            str(error),
            f"mend {error.path}; `imm doctor` checks it",
        ) from None
    except OSError as error:
        raise Failure("the boards were not built", str(error), "name a folder that you may write") from None
    for path in written:
        click.echo(path)
