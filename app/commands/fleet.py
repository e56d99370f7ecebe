"""`imm fleet`: the broker's accounts tried with real clients, and made equal to the registry."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from app.settings import load
from contracts.topics import ROOT
from runtime import service
from runtime.cli import Failure, emit, json_option, report, report_option

if TYPE_CHECKING:
    from app.brokers.trial import Outcome

LEGEND: Final = """\
… stands for imm/v1. Others' topics are here and there: of a peer at the same site, of far at another.
r hears  w writes  l as a will  k to be kept  c comes in   ! although it must not   - does not, and should
"""
LETTERS: Final = {"write": "w", "read": "r", "will": "l", "retain": "k", "connect": "c"}
_MOST: Final = 20  # deviations told in words


@click.group()
def fleet() -> None:
    """The broker's accounts: try what they may, make them equal to the registry."""


@fleet.command("check-acl")
@click.option("--host", help="A broker that others use, instead of one started for this.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Its port.")
@click.option("--all", "every", is_flag=True, help="Show what is refused to everybody, too.")
@json_option
@report_option
@click.pass_context
def check_acl(
    context: click.Context,
    host: str | None,
    port: int | None,
    *,
    every: bool,
    json: bool,
    report: Path | None,
) -> None:
    """Try every role on every kind of topic, and fail where the broker allows or refuses the wrong thing.

    Without --host and --port a Mosquitto is started for it. With them accounts are made at that broker for
    the trial, by the account of the settings (`mqtt.username`: the desk's), and removed. What they may
    write is not written there: others would believe it.
    """
    from app.brokers import checking

    began = time.monotonic()
    if host or port:
        given = {"host": host, "port": port}
        settings = msgspec.structs.replace(
            load(context).mqtt, **{name: value for name, value in given.items() if value}
        )
        found = asyncio.run(checking.at(settings))
    else:
        found = checking.at_own()
    _tell(found, seconds=time.monotonic() - began, every=every, json=json, file=report)


@fleet.command()
@click.option("--force", is_flag=True, help="However many accounts that takes away.")
@json_option
@click.pass_context
def reconcile(context: click.Context, *, force: bool, json: bool) -> None:
    """Make the broker's accounts equal to the registry now, as the desk does by itself."""
    from app.parts import Parts
    from app.processes import accounts

    settings = msgspec.structs.replace(load(context), worker="fleet")  # the desk's session is another

    async def main(running: service.Service) -> None:
        async with Parts(settings, running) as parts:
            client, gate = await accounts.opened(parts)
            await client.wait_connected(settings.mqtt.patience)
            done = await gate.reconcile(force=force)
            running.stop()
        emit(msgspec.structs.asdict(done), json=json)

    service.run(main)


@fleet.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--accounts",
    "base",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    required=True,
    help="File whose processes and apps are taken over: that of deploy/prepare.py, or a broker's.",
)
@click.pass_context
def seed(context: click.Context, file: Path, base: Path) -> None:
    """Write the accounts of a new broker, or of one that lost its own, with all devices of the registry.

    To fill an empty broker over MQTT takes hours where there are many devices.
    """
    from app.parts import Parts
    from app.processes import accounts
    from devices.broker import seed as seeds

    settings = load(context)
    try:
        others = seeds.others(base.read_bytes())
    except msgspec.MsgspecError as error:
        raise Failure(f"{base} cannot be used", str(error), "name a dynamic-security.json") from None

    async def main(running: service.Service) -> None:
        async with Parts(settings, running) as parts:
            made = accounts.seed(parts, others)
            running.stop()
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(made)
        click.echo(f"{file}: {len(msgspec.json.decode(made)['clients']):,} accounts")

    service.run(main)


def _tell(found: Sequence[Outcome], *, seconds: float, every: bool, json: bool, file: Path | None) -> None:
    wrong = [one for one in found if one.hole or one.blocked]
    holes = sum(one.hole for one in wrong)
    figures = {
        "tried": len(found),
        "allowed": sum(one.done for one in found),
        "refused": sum(not one.done for one in found),
        "holes": holes,
        "blocked": len(wrong) - holes,
        "seconds": round(seconds, 2),
    }
    rows = _rows(found)
    if file:
        report(file, {**figures, "wrong": wrong, "matrix": rows})
    if json:
        emit({**figures, "wrong": wrong, "matrix": rows}, json=True)
    else:
        emit([_short(row) for row in rows if every or any(list(row.values())[1:])], json=False)
        click.echo(LEGEND)
        emit(figures, json=False)
    if wrong:
        named = "; ".join(_words(one) for one in wrong[:_MOST])
        more = f" and {len(wrong) - _MOST} more" if len(wrong) > _MOST else ""
        raise Failure(
            f"{holes} holes, {len(wrong) - holes} rights that are missing",
            named + more,
            "let the desk reconcile the accounts, and see who else changes them",
        )


def _rows(found: Iterable[Outcome]) -> list[dict[str, Any]]:
    """A line for each topic, a column for each party."""
    cells: dict[str, dict[str, str]] = {}
    for one in found:
        if one.act == "connect" and not one.hole:
            continue
        sign = "!" if one.hole else "-" if one.blocked else ""
        text = LETTERS[one.act] + sign if one.done or sign else ""
        row = cells.setdefault(one.topic, {})
        row[one.party] = row.get(one.party, "") + text
    parties = list(dict.fromkeys(party for row in cells.values() for party in row))
    return [
        {"topic": topic, **{party: row.get(party, "") for party in parties}} for topic, row in cells.items()
    ]


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """With topics that fit."""
    return {**row, "topic": row["topic"].replace(f"{ROOT}/", "…/", 1)}


def _words(one: Outcome) -> str:
    verb = "could" if one.hole else "could not"
    return f"{one.party} {verb} {one.act} {one.topic}"
