"""The directive `commands`: the reference of a command line, read from its click groups, never stale."""

from importlib import import_module
from importlib.metadata import entry_points

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective


class Commands(SphinxDirective):
    """Every command of a console script; a second argument names the module with its click command."""

    required_arguments = 1
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        script, *module = self.arguments
        return [*_sections(_root(script, *module), script)]


def _root(script: str, module: str = "") -> click.Command:
    """The click command of a console script of ours, named like its last word (`imm-edge` → `edge`)."""
    (entry,) = entry_points(group="console_scripts", name=script)
    place = module or entry.module
    command = getattr(import_module(place), script.rpartition("-")[2], None)
    if not isinstance(command, click.Command):
        raise ExtensionError(f"{place} has no click command for {script}: name the module that has it")
    return command


def _sections(command: click.Command, path: str) -> list[nodes.section]:
    section = nodes.section(ids=[nodes.make_id(path)], names=[path])
    section += nodes.title(text=path)
    with click.Context(command, info_name=path, max_content_width=100) as context:
        text = command.get_help(context)
        section += nodes.literal_block(text, text, language="text")
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                if inner is not None and not inner.hidden:
                    section += _sections(inner, f"{path} {name}")
    return [section]


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this once."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
