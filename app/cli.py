"""`imm`: one command line. Each package brings its own group; a group is imported when it is called."""

from __future__ import annotations

import importlib
import logging
import sys
from pathlib import Path
from typing import Final

import click

from runtime import logs

# name → (module, attribute, what `imm --help` says of it without importing it)
COMMANDS: Final = {
    "up": ("app.commands.up", "up", "Run the whole platform on this machine, nothing to install."),
    "run": ("app.commands.run", "run", "Run one process: ingest, analytics, alerts, api, desk or keys."),
    "edge": ("edge.cli", "edge", "Run an agent on site: kiosk, wifi or replay."),
    "demo": ("app.commands.demo", "demo", "See it live: real agents, replayed footfall, alerts, incidents."),
    "admin": ("app.commands.admin", "admin", "Invite the first administrator; give a way back in."),
    "audit": ("app.commands.audit", "audit", "See who saw or changed what; prove that nobody changed that."),
    "rules": ("app.commands.rules", "rules", "Try rules on what was, and say which may act."),
    "keys": ("app.commands.keys", "keys", "See, rotate and retire the keys of personal data."),
    "apps": ("app.commands.apps", "apps", "Make, list and revoke the keys by which programs come."),
    "device": ("app.commands.device", "device", "Plan devices, let them in, shut them out."),
    "migrate": ("app.commands.migrate", "migrate", "Bring the city's database to this version."),
    "ledger": ("app.commands.ledger", "ledger", "Show what was recorded, sent, received and stored."),
    "deadletter": ("app.commands.deadletter", "deadletter", "List, show and replay refused messages."),
    "mapping": ("app.commands.mapping", "mapping", "Try how the messages of third parties are read."),
    "series": ("app.commands.series", "series", "List series."),
    "query": ("app.commands.series", "query", "Read samples, aggregates or last values."),
    "detect": ("app.commands.detect", "detect", "Score the samples of a file: how anomalous is each?"),
    "boards": ("dashboards.cli", "boards", "Build the boards that Grafana shows."),
    "fleet": ("app.commands.fleet", "fleet", "Try what the broker lets devices, processes and apps do."),
    "bench": ("app.commands.bench", "bench", "Measure ingest and store against a limit and a peer."),
    "chaos": ("simulator.chaos.cli", "chaos", "Kill processes at random and count what was lost."),
    "watchdog": (
        "app.commands.watchdog",
        "watchdog",
        "Say when the platform falls silent; run it elsewhere.",
    ),
    "doctor": ("app.commands.doctor", "doctor", "Check this machine and these settings."),
    "files": ("app.commands.files", "files", "Check that the files of records are there; end links to them."),
    "search": ("app.commands.search", "search", "Look for records, and build the index anew."),
    "backup": ("app.commands.backup", "backup", "Write a backup, check one, or restore one."),
}


class Lazy(click.Group):
    """Group that imports a command when it is called, so that `imm --help` and completion stay quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command, or None where there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="IMM_CONFIG",
    help="Settings file (TOML). Without it: defaults and IMM_… variables.",
)
@click.option("--log", "level", default="info", type=click.Choice(["debug", "info", "warning", "error"]))
@click.option("--log-json", "as_json", is_flag=True, help="Log as JSON, one object a line.")
@click.version_option(package_name="imm-platform", prog_name="imm")
@click.pass_context
def imm(context: click.Context, config: Path | None, level: str, *, as_json: bool) -> None:
    """Turn what a city's devices sense into things people act on."""
    logs.configure(json=as_json, level=level.upper())
    for chatty in ("alembic", "httpx", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    context.obj = config


def main() -> None:
    """Entry point. Errors that we know are told in three parts; others keep their trace."""
    try:
        imm(prog_name="imm")
    except Exception as error:  # the last door: what explain() does not know is raised again
        from app.failures import explain

        failure = explain(error)
        if failure is None:
            raise
        failure.show()
        sys.exit(1)
