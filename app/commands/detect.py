"""`imm detect`: how anomalous each sample of a file is, by the detector that rules use."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import click
import msgspec

from app.commands.detect_table import Done, score
from runtime import cli

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.option("--csv", "source", type=_FILE, help="Table with the header timestamp,value.")
@click.option(
    "--dir", "folder", type=_FOLDER, help="Folder: every *.csv below it, each by a detector of its own."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="File, or folder with --dir.")
@click.option(
    "--warmup",
    type=click.IntRange(min=0),
    help="First rows to write as 0; without it 15 %, at most 750. Scores of the others are the same.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Files at once; without it one a core.")
@cli.json_option
def detect(
    source: Path | None, folder: Path | None, out: Path, warmup: int | None, jobs: int | None, *, json: bool
) -> None:
    """Score samples row by row, without knowing what comes later: timestamp,anomaly_score from 0 to 1."""
    if (source is None) == (folder is None):
        raise cli.Failure("what to score is not clear", "it takes --csv or --dir", "give one of the two")
    found = [_one(source, out, warmup)] if source else list(_tree(folder or Path(), out, warmup, jobs))
    good = [done for done in found if not done.problem]
    if good or json:
        cli.emit([_shown(done) for done in good], json=json)
    bad = [done for done in found if done.problem]
    if bad:
        why = "; ".join(f"{done.file}: {done.problem}" for done in bad[:5])
        more = f"; and {len(bad) - 5} more" if len(bad) > 5 else ""
        raise cli.Failure(
            f"{len(bad)} of {len(found)} files were not scored",
            why + more,
            "correct what is named; every other file is written",
        )


def _shown(done: Done) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(done)
    del found["problem"]
    return found


def _one(source: Path, out: Path, warmup: int | None) -> Done:
    if out.resolve() == source.resolve():
        raise cli.Failure(
            "the samples would be lost", f"{out} is what is read", "name another file for --out"
        )
    if out.is_dir():
        raise cli.Failure(f"{out} cannot be written", "it is a folder", "name a file for --out")
    return score(source, out, warmup)


def _tree(folder: Path, out: Path, warmup: int | None, jobs: int | None) -> Iterator[Done]:
    """Results in the order of the names, however many work at once."""
    if out.resolve().is_relative_to(folder.resolve()):
        raise cli.Failure(
            "results would be read as samples", f"{out} lies in {folder}", "name a folder beside it for --out"
        )
    files = sorted(path for path in folder.rglob("*.csv") if path.is_file())
    if not files:
        raise cli.Failure(
            "nothing to score", f"no *.csv lies below {folder}", "name another folder for --dir"
        )
    targets = [out / path.relative_to(folder) for path in files]
    workers = min(jobs or os.cpu_count() or 1, len(files))
    if workers == 1:
        yield from (score(path, target, warmup) for path, target in zip(files, targets, strict=True))
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(score, files, targets, [warmup] * len(files))
