"""What the documentation shows is what the program takes: commands, settings, rules, messages, links."""

import contextlib
import itertools
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec
import pytest

from analytics import rules
from app.cli import imm
from app.settings import Settings
from city.notifications.templates import Catalogue
from contracts import events, senml, topics
from contracts.series import Block
from contracts.topics import Channel, DeviceTopic
from devices.errors import BadRoster as Error
from devices.roster import Roster
from edge.cli import edge
from edge.settings import Settings as Edge
from ingest.mappings.load import load as load_mappings
from ingest.mappings.trying import faults
from ingest.settings import Settings as Ingest
from runtime import settings

ROOT = Path(__file__).resolve().parents[2]
NOW = 1_795_536_000_000_000  # µs UTC
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    if "_build" not in path.parts
)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ENDS = {"|", "||", "&&", ";", ">", "<", "&"}


class Shown(NamedTuple):
    """Something in a page."""

    page: str
    text: str


def blocks(language: str) -> Iterator[Shown]:
    for path in PAGES:
        for kind, text in FENCE.findall(path.read_text(encoding="utf-8")):
            if kind == language:
                yield Shown(str(path.relative_to(ROOT)), text)


def commands() -> Iterator[Shown]:
    """Single commands of all shell blocks: without comments, continued lines joined."""
    for page, text in blocks("sh"):
        for line in text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words:
                yield Shown(page, shlex.join(words) if ENDS.isdisjoint(words) else line.strip())


def called(program: str) -> Iterator[tuple[str, dict[str, str], list[str]]]:
    """Page, variables and arguments of each call of a program."""
    for page, line in commands():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        lexer.commenters = "#"
        given: dict[str, str] = {}
        words: list[str] = []
        for word in [*lexer, ";"]:
            if set(word) <= set("|&;<>"):
                if words and words[0].rpartition("/")[2] == program:
                    yield page, given, words[1:]
                given, words = {}, []
            elif not words and re.fullmatch(r"[A-Z_]+=.*", word):
                name, _, value = word.partition("=")
                given[name] = value
            elif words or word != "exec":
                words.append(word)


def parse(
    command: click.Command, name: str, arguments: list[str], parent: click.Context | None = None
) -> None:
    """As click would, down to the last command, without running one. Files need not be there."""
    try:
        context = command.make_context(name, arguments, parent=parent)
    except click.BadParameter as error:
        if "does not exist" not in error.format_message():
            raise
        return
    if isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        inner, found, left = command.resolve_command(context, rest)
        assert found is not None
        parse(found, inner or "", left, context)


def test_there_is_something_to_test() -> None:
    assert len(list(called("imm"))) > 20
    assert len(list(called("imm-edge"))) > 0
    assert len(list(called("mosquitto_pub"))) > 1


@pytest.mark.parametrize("program, group", [("imm", imm), ("imm-edge", edge)])
def test_every_command_is_one(program: str, group: click.Group) -> None:
    for page, _, arguments in called(program):
        with contextlib.suppress(click.exceptions.Exit):  # --help, --version
            try:
                parse(group, program, list(arguments))
            except click.UsageError as error:
                pytest.fail(f"{page}: {program} {shlex.join(arguments)}: {error.format_message()}")


def test_a_wrong_command_would_be_found() -> None:
    with pytest.raises(click.NoSuchOption):
        parse(imm, "imm", ["ledger", "--nothing"])
    with pytest.raises(click.UsageError):
        parse(imm, "imm", ["nothing"])


def test_every_make_target_exists() -> None:
    there = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page, _, arguments in called("make"):
        for target in (word for word in arguments if "=" not in word):
            assert target in there, page
    for path in PAGES:
        for target in re.findall(r"`make ([a-z]+)[^`]*`", path.read_text(encoding="utf-8")):
            assert target in there, path


def test_every_setting_in_a_variable_exists() -> None:
    found = 0
    for page in PAGES:
        for variable, value in re.findall(r"(IMM_[A-Z_]+)=([^\s`…]+)", page.read_text(encoding="utf-8")):
            if variable in {"IMM_CONFIG", "IMM_API_URL"} or variable.startswith("IMM_TEST_"):
                continue
            prefix, kind = ("IMM_EDGE_", Edge) if variable.startswith("IMM_EDGE_") else ("IMM_", Settings)
            try:
                settings.load(kind, None, env={variable: value.strip("'\"")}, prefix=prefix)
            except settings.Wrong as error:
                if "missing required field" not in str(error):  # an agent's site is
                    pytest.fail(f"{page}: {error}")
            found += 1
    assert found > 2


def test_every_toml_is_understood(tmp_path: Path) -> None:
    def ingest(path: Path) -> None:
        msgspec.convert(tomllib.loads(path.read_text())["ingest"], Ingest)

    readers: list[Callable[[Path], Any]] = [
        Roster.load,
        ingest,
        lambda path: Catalogue([path]),
        lambda path: settings.load(Settings, path, env={}),
        lambda path: settings.load(Edge, path, env={}, prefix="IMM_EDGE_"),
    ]
    file = tmp_path / "shown.toml"
    found = list(blocks("toml"))
    assert found
    for page, text in found:
        file.write_text(text, encoding="utf-8")
        refused = []
        for read in readers:
            try:
                read(file)
                break
            except (Error, ValueError, LookupError) as error:
                refused.append(str(error))
        else:
            pytest.fail(f"{page}: nothing of ours reads\n{text}\n" + "\n".join(refused))


def test_every_rule_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    found = [shown for shown in blocks("yaml") if "severity:" in shown.text]
    assert found
    for _, text in found:
        file.write_text(text, encoding="utf-8")
        assert rules.load([file])


def test_every_mapping_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "mappings.yaml"
    found = [shown for shown in blocks("yaml") if "topic:" in shown.text]
    assert found
    for page, text in found:
        file.write_text(text, encoding="utf-8")
        for mapping in load_mappings([file]).mappings:
            assert not list(faults(mapping, now=NOW)), page


def test_every_message_is_taken() -> None:
    taken = 0
    for page, _, arguments in called("mosquitto_pub"):
        if "-m" not in arguments:
            continue
        given = dict(itertools.pairwise(arguments))
        payload = re.sub(r"\$\(date [^)]*\)", str(NOW), given["-m"]).encode()
        if not given["-t"].startswith("imm/"):
            continue  # a third party's
        topic = topics.parse(given["-t"])
        assert isinstance(topic, DeviceTopic), page
        if topic.channel is Channel.EVENT:
            assert events.decode(payload), page
        else:
            assert senml.decode(payload, "", topic.device, now=NOW, block=Block()), page
        taken += 1
    assert taken
