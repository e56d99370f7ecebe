"""What every command shares: errors in three parts, tables or JSON, reports."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import click
import msgspec

from contracts import instants
from contracts.errors import Refused
from runtime.clock import Clock, System
from runtime.settings import Wrong

WIDTH: Final = 100  # columns of a table
_REPORTED: Final = (
    "imm-platform",
    "imm-edge",
    "duckdb",
    "influxdb-client",
    "msgspec",
    "numpy",
    "paho-mqtt",
    "sqlalchemy",
)
Command = TypeVar("Command", bound=Callable[..., Any])


class Failure(click.ClickException):
    """A command that cannot go on: what, why, and what to do; exit status 1."""

    def __init__(self, what: str, why: str, cure: str) -> None:
        self.what, self.why, self.cure = what, why, cure
        super().__init__(f"{what}: {why}; {cure}")

    @classmethod
    def of(cls, what: str, error: Wrong | Refused) -> Failure:
        """Failure because of a setting or of input."""
        if isinstance(error, Wrong):
            return cls(what, f"setting {error.setting} = {error.value}: {error.reason}", error.cure)
        return cls(what, f"{error.field} = {error.value}: {error.reason}", f"correct {error.field}")

    def show(self, file: IO[Any] | None = None) -> None:
        """Three lines on stderr."""
        out = file or sys.stderr
        click.echo(f"{click.style('error:', fg='red', bold=True)} {self.what}", file=out)
        click.echo(f"  why: {self.why}", file=out)
        click.echo(f"  do:  {self.cure}", file=out)


def json_option(command: Command) -> Command:
    """Add `--json` (argument `json`): machine-readable output on stdout."""
    return click.option("--json", "json", is_flag=True, help="Print JSON instead of a table.")(command)


def report_option(command: Command) -> Command:
    """Add `--report FILE` (argument `report`): figures as flat JSON."""
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option("--report", "report", type=kind, metavar="FILE", help="Write the figures as JSON.")(
        command
    )


def emit(found: Mapping[str, Any] | Sequence[Mapping[str, Any]], *, json: bool, title: str = "") -> None:
    """Print one record as pairs, or many as a table of at most WIDTH columns; or either as JSON."""
    if json:
        click.echo(msgspec.json.format(msgspec.json.encode(found, enc_hook=str), indent=2).decode())
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    rows = [{"": key, " ": value} for key, value in found.items()] if isinstance(found, Mapping) else found
    heads = list(dict.fromkeys(head for row in rows for head in row))
    table = Table(
        title=title or None,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_header=not isinstance(found, Mapping),
    )
    for head in heads:
        numeric = all(isinstance(row.get(head), int | float | None) for row in rows)
        table.add_column(head, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(head)) for head in heads))
    console = Console()
    width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    Console(width=width).print(table if heads else "nothing")


def _cell(value: object) -> str:
    from rich.markup import escape

    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1_000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else escape(str(value))


def report(
    path: Path, figures: Mapping[str, Any], *, seed: int | None = None, clock: Clock | None = None
) -> None:
    """Write figures (flat, snake_case keys) and `meta` as JSON, whole or not at all."""
    text = msgspec.json.format(
        msgspec.json.encode({**figures, "meta": meta(seed=seed, clock=clock)}), indent=2
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(text + b"\n")
    draft.replace(path)


def meta(*, seed: int | None = None, clock: Clock | None = None) -> dict[str, Any]:
    """Where figures come from: commit, machine, seed, versions, time."""
    import platform  # here and below: what only reports need costs each agent memory

    return {
        "commit": _commit(),
        "machine": {
            "cpus": os.cpu_count(),
            "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
            "processor": platform.machine(),
            "system": f"{platform.system()} {platform.release()}",
        },
        "seed": seed,
        "time": instants.to_rfc3339((clock or System()).now()),
        "versions": {"python": platform.python_version(), **_versions()},
    }


def _commit() -> str:
    """Commit of the checkout that runs, `+` behind it where files differ; empty where it is installed."""
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return ""
    import subprocess

    try:
        text = subprocess.run(
            ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--abbrev=12", "--match="],
            capture_output=True,
            check=True,
            text=True,
            timeout=10,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""  # no git here: the versions still say what ran
    return text.strip()


def _versions() -> dict[str, str]:
    import importlib.metadata

    found = {}
    for name in _REPORTED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
