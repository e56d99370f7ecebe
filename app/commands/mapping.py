"""`imm mapping`: how the messages of third parties' devices are read, tried before a device depends on it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

import app.settings
from contracts import instants
from contracts.errors import Refused
from contracts.series import Data, Value
from ingest.mappings.load import Mappings, load
from ingest.mappings.trying import attempt, faults
from runtime.cli import Failure, emit, json_option
from runtime.clock import System
from runtime.yamldoc import Wrong

_PLACES = click.argument("places", nargs=-1, type=click.Path(path_type=Path, exists=True))


@click.group()
def mapping() -> None:
    """List and try what reads the messages of third parties' devices."""


@mapping.command("list")
@json_option
@click.pass_context
def list_(context: click.Context, *, json: bool) -> None:
    """The mappings of the settings, in order."""
    book = _book((), context)
    rows = [
        {
            "mapping": one.name,
            "topic": one.topic,
            "device": one.device,
            "fields": len(one.fields),
            "samples": len(one.samples),
        }
        for one in book.mappings
    ]
    if rows or json:
        emit(rows, json=json)
    else:
        click.echo("No mappings: set `mappings` in [ingest] to a YAML file or a folder of them.")


@mapping.command("try")
@_PLACES
@click.option("--topic", help="Read one message on this topic, instead of the samples in the files.")
@click.option("--payload", help="Its payload; @FILE: what the file holds; without it: standard input.")
@json_option
@click.pass_context
def try_(
    context: click.Context, places: tuple[Path, ...], topic: str | None, payload: str | None, *, json: bool
) -> None:
    """Read the samples in the files of PLACES (or of the settings), or one message, and say what comes of it.

    Nothing is stored. Ends with 1 where a sample does not come out as its mapping says.
    """
    if topic is None and payload is not None:
        raise click.UsageError("--payload needs the --topic on which it comes")
    book = _book(places, context)
    now = System().now()
    if topic is not None:
        _one(book, topic, _payload(payload), now, json=json)
        return
    rows: list[dict[str, Any]] = []
    for one in book.mappings:
        wrong = dict(faults(one, now=now))
        rows += [
            {"mapping": one.name, "topic": sample.topic, "result": wrong.get(number, "as it says")}
            for number, sample in enumerate(one.samples)
        ]
        if not one.samples:
            rows.append({"mapping": one.name, "topic": one.topic, "result": "has no samples"})
    emit(rows, json=json)
    bad = [row for row in rows if row["result"] not in {"as it says", "has no samples"}]
    if bad:
        raise Failure(
            f"{len(bad)} of {len(rows)} samples come out otherwise",
            f"{bad[0]['mapping']}: {bad[0]['result']}",
            "correct the mapping, or what its sample says",
        )


def _one(book: Mappings, topic: str, payload: bytes, now: int, *, json: bool) -> None:
    try:
        made = attempt(book, topic, payload, now=now)
    except Refused as error:
        raise Failure.of("the message would become a dead letter", error) from None
    when = instants.to_rfc3339(made.time)
    if json:
        emit({"mapping": made.mapping, "device": made.device, "time": when, "values": made.values}, json=True)
        return
    rows = [{"series": name, "value": _shown(value)} for name, value in made.values.items()]
    emit(rows, json=False, title=f"{made.mapping}: device {made.device} at {when}")


def _shown(value: Value) -> str:
    return f"{len(value.raw)} bytes" if isinstance(value, Data) else str(value)


def _book(places: tuple[Path, ...], context: click.Context) -> Mappings:
    try:
        return load(places or app.settings.load(context).ingest.mappings)
    except Wrong as error:
        place = f"{error.path}, line {error.line}"
        raise Failure("the mappings cannot be used", f"{place}: {error.reason}", f"correct {place}") from None


def _payload(given: str | None) -> bytes:
    if given is None:
        return sys.stdin.buffer.read()
    if given.startswith("@"):
        try:
            return Path(given[1:]).read_bytes()
        except OSError as error:
            raise Failure(
                f"{given[1:]} cannot be read", error.strerror or str(error), "name a file that exists"
            ) from None
    return given.encode()
