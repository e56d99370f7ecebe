"""`imm rules`: try a rule on the past, and let it act."""

from __future__ import annotations

import asyncio
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from app.commands.api import api_option, call, instant, shown
from contracts.backtest import Report
from contracts.errors import Refused
from contracts.instants import DAY, HOUR, MINUTE, WEEK
from runtime.cli import Failure, emit, json_option

_LENGTH: Final = re.compile(r"(\d{1,5})([mhdw])")
_UNITS: Final = {"m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT: Final = click.Path(dir_okay=False, path_type=Path)


@click.group()
def rules() -> None:
    """Try rules on what was, and say which of them may act."""


@rules.command()
@api_option
@click.argument("file", type=_FILE)
@click.option("--since", help="30d, 12h, or an instant. 30d if not given; of a CSV file its first sample.")
@click.option("--until", help="An instant; now if not given; of a CSV file its last sample.")
@click.option("--rule", "wanted", multiple=True, help="Only this rule of the file; may be given again.")
@click.option("--csv", type=_FILE, help="Samples to judge, instead of the platform's.")
@click.option("--relearn", type=click.FloatRange(min=60), help="Seconds between looks at the history.")
@click.option("--report", type=_OUT, metavar="FILE", help="Write what `imm rules activate` asks for.")
@click.option("--plot", type=_OUT, metavar="FILE", help="Timeline of one rule, as .svg or .png.")
@json_option
def test(  # noqa: PLR0913, PLR0917 - its options
    api: str,
    file: Path,
    since: str | None,
    until: str | None,
    wanted: tuple[str, ...],
    csv: Path | None,
    relearn: float | None,
    report: Path | None,
    plot: Path | None,
    *,
    json: bool,
) -> None:
    """Say what the rules of FILE would have done: how often, when, for how long, where."""
    from analytics.backtest import plot as drawing
    from contracts import backtest

    chosen = _chosen(file, wanted)
    if plot and (len(chosen) != 1 or plot.suffix not in {".svg", ".png"}):
        raise Failure(f"no plot {plot}", "it shows one rule, as .svg or .png", "name the rule with --rule")
    found = _tested(chosen, _Past.of(api, csv, since, until), relearn)
    if report:
        backtest.write(report, found)
    if plot:
        plot.write_bytes(drawing.draw(found[0], form="png" if plot.suffix == ".png" else "svg"))
    if json:
        import msgspec

        emit(msgspec.to_builtins(found), json=True)
    else:
        _tell(found)


class _Past:
    """From where the samples come, and from which span."""

    def __init__(self, reader: Any, roster: Any, span: tuple[int, int], past: list[Any], source: str) -> None:
        self.reader, self.roster, self.span = reader, roster, span
        self.past, self.source = past, source

    @classmethod
    def of(cls, api: str, csv: Path | None, since: str | None, until: str | None) -> _Past:
        """A file's, or the platform's. Raises Failure."""
        from analytics.backtest import table
        from app import asked
        from devices.roster import Roster
        from runtime.clock import System

        if csv:
            try:
                known = table.load(csv)
                first, last = known.span
            except Refused as error:
                raise Failure.of(f"{csv} cannot be used", error) from None
            end = instant(until) or last
            return cls(known, Roster(known.entries), (_start(since, end) or first, end), [], csv.name)
        end = instant(until) or System().now()
        start = _start(since or "30d", end) or 0
        past = asked.incidents(api, start)
        return cls(asked.Store(api), Roster(asked.entries(api)), (start, end), past, "store")


def _tested(chosen: list[Any], past: _Past, relearn: float | None) -> list[Report]:
    """Reports in the file's order, with a line on stderr that says how far it is."""
    from analytics.backtest import report as reports
    from analytics.backtest.replay import Span
    from app.settings import load

    settings = load(click.get_current_context()).analytics
    since, until = past.span
    if since >= until:
        raise Failure("an empty span", f"{shown(since)} is not before {shown(until)}", "correct --since")
    span = Span(since=since, until=until, horizon=settings.horizon, relearn=relearn or settings.relearn)
    found: list[Report] = []
    for rule in chosen:
        bar: Any = click.progressbar(length=1_000, label=f"{rule.id:<20.20}", file=sys.stderr)
        with bar:
            found.append(
                asyncio.run(
                    reports.examine(
                        rule,
                        past.reader,
                        past.roster,
                        span,
                        source=past.source,
                        past=past.past,
                        progress=partial(_show, bar),
                    )
                )
            )
    return found


def _show(bar: Any, share: float) -> None:
    bar.update(max(0, round(1_000 * share) - bar.pos))  # it wants steps


def _chosen(file: Path, wanted: tuple[str, ...]) -> list[Any]:
    """The file's rules that are enabled. Raises Failure, Wrong."""
    from analytics import rules as files

    known = files.load([file])
    found = [one for one in known if not wanted or one.id in wanted]
    missing = set(wanted) - {one.id for one in found}
    if missing or not found:
        names = ", ".join(sorted(missing)) or "any rule that is enabled"
        has = ", ".join(one.id for one in known) or "nothing"
        raise Failure(f"{file} has no {names}", f"it has {has}", "correct --rule or the file")
    return found


def _start(text: str | None, end: int) -> int | None:
    """An instant, or a length before the end. Raises Failure."""
    if text and (length := _LENGTH.fullmatch(text)):
        return end - int(length[1]) * _UNITS[length[2]]
    return instant(text)


def _tell(found: list[Report]) -> None:
    from analytics.backtest.words import summary

    for one in found:
        click.echo(f"\n{click.style(one.rule, bold=True)}  {one.title.en}  ({one.severity.value})")
        click.echo(f"  {shown(one.since)} to {shown(one.until)}, {one.samples:,} samples of {one.source}")
        for line in summary(one):
            click.echo(f"  {line.en}")
        click.echo(f"  rule {one.rule_hash}, report {one.hash}")
    if len(found) == 1 and found[0].by_device:
        emit(
            [
                {"device": one.name, "alerts": one.lives, "hours": one.seconds / 3600}
                for one in found[0].by_device
            ],
            json=False,
        )


@rules.command("list")
@api_option
@json_option
def list_(api: str, *, json: bool) -> None:
    """Which rules there are, and which act."""
    found = call(api, "GET", "/api/v1/rules")["items"]
    if not found and not json:
        click.echo("No rules: the setting analytics.rules names their files.")
        return
    rows = [
        {
            "rule": one["rule"],
            "state": one["state"],
            "back-test": "there" if one["report"] else "missing",
            "on trial": one["said"],
            "decided": shown(one["changed"]),
            "by": one["by"],
        }
        for one in found
    ]
    emit(found if json else rows, json=json)


@rules.command()
@api_option
@click.argument("file", type=_FILE)
@click.option("--report", type=_FILE, required=True, help="What `imm rules test --report` wrote.")
@click.option("--rule", "wanted", multiple=True, help="Only this rule of the file; may be given again.")
@click.option("--why", default="", help="Kept in the audit trail.")
@click.option("--ask", is_flag=True, help="Hand the reports in, and let somebody decide in the browser.")
def activate(api: str, file: Path, report: Path, wanted: tuple[str, ...], why: str, *, ask: bool) -> None:
    """Let the rules of FILE act, each by its report."""
    from contracts import backtest

    try:
        reports = backtest.read(report)
    except Refused as error:
        raise Failure.of(f"{report} cannot be used", error) from None
    chosen = _chosen(file, wanted)
    untried = ", ".join(one.id for one in chosen if one.hash not in reports)
    if untried:
        raise Failure(
            f"{report} has no report of {untried} as it now is",
            "a rule acts by what its very content would have done",
            f"run `imm rules test {file} --report {report}` again, or name others with --rule",
        )
    for one in chosen:
        _decide(api, one.id, reports[one.hash], why, ask=ask)


@rules.command()
@api_option
@click.argument("rule")
@click.option("--why", required=True, help="Kept in the audit trail.")
def trial(api: str, rule: str, why: str) -> None:
    """Let RULE act no more: what it says is kept, and nobody is alerted."""
    call(api, "POST", f"/api/v1/rules/{rule}/trial", json={"why": why}, headers={"If-Match": "*"})
    click.echo(f"{rule} is on trial.")


def _decide(api: str, rule: str, report: Report, why: str, *, ask: bool) -> None:
    import msgspec

    told = msgspec.to_builtins(report)
    mark = call(api, "POST", f"/api/v1/rules/{rule}/report", json=told)["hash"]
    if ask:
        click.echo(f"{rule}: report {mark} is handed in; decide at /aturan/{rule}")
        return
    body = {"report": mark, "why": why}
    call(api, "POST", f"/api/v1/rules/{rule}/activate", json=body, headers={"If-Match": "*"})
    click.echo(f"{rule} acts, by report {mark}.")
