"""The files are what Grafana's types allow, are what the repository holds, and fit the deployment."""

import copy
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from contracts.judgements import Severity
from contracts.topics import Kind
from dashboards import build, limits, sources
from dashboards.cli import boards
from dashboards.errors import Wrong
from tests.dashboards.conftest import Board
from tests.dashboards.grafana import panels


@pytest.fixture(scope="module")
def services(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((root / "docker-compose.yml").read_text())["services"]
    return loaded


def test_the_repository_holds_what_is_built(root: Path) -> None:
    folder = root / "deploy/grafana"
    held = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.*")}
    assert held == build.files(limits.load(build.RULES)), "run: imm boards build deploy/grafana"


def test_the_types_know_every_key(board: Board) -> None:
    register_default_plugins()
    again = json.loads(JSONEncoder().encode(Dashboard.from_json(copy.deepcopy(dict(board)))))
    lost = set(_lost(board, again, ""))
    own = {path for path in lost if path.startswith(".annotations.list.0.target.")}
    assert own, "the SDK knows only Grafana's own source of annotations"
    assert not lost - own


def _lost(before: Any, after: Any, path: str) -> Iterator[str]:
    """Where a value is no longer what it was."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from _lost(value, after.get(key, "nothing"), f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _lost(one, other, f"{path}.{place}")
    elif before != after:
        yield path


def test_panels_have_a_place_and_an_id_of_their_own(board: Board) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)


def test_every_query_names_a_source_that_is_provided(board: Board) -> None:
    provided = {source.uid: source.type for source in sources.SOURCES}
    used = [target["datasource"] for panel in panels(board) for target in panel["targets"]]
    used += [variable["datasource"] for variable in board["templating"]["list"]]
    used += [annotation["datasource"] for annotation in board["annotations"]["list"]]
    assert all(provided[one["uid"]] == one["type"] for one in used)


def test_the_types_are_those_of_the_deployed_grafana(services: dict[str, Any]) -> None:
    assert services["grafana"]["image"].split(":")[1] == version("grafana-foundation-sdk").split("!")[1]


def test_sources_fit_the_deployment(services: dict[str, Any]) -> None:
    grafana = services["grafana"]
    assert f"./deploy/grafana:{build.MOUNTED}:ro" in grafana["volumes"]
    for source in sources.SOURCES:
        assert source.url.removeprefix("http://").split(":")[0] in services
        assert source.credential.removeprefix("/run/secrets/") in grafana["secrets"]
    assert not {"influx-token", "postgres"} & set(grafana["secrets"]), "Grafana only reads"


def test_limits_are_those_of_the_rules() -> None:
    rules = limits.load(build.RULES)

    def steps(kind: Kind, metric: str) -> list[tuple[float | None, str]]:
        found = limits.steps(limits.find(rules, kind, metric)).build().steps
        return [(step.value, step.color) for step in found]

    severe, minor = limits.COLOURS[Severity.SEVERE], limits.COLOURS[Severity.MINOR]
    well, near = limits.WELL, limits.NEAR
    assert steps(Kind.KIOSK, "temperature") == [(None, well), (80, near), (90, severe)]
    assert steps(Kind.WIFI, "reachability.time") == [(None, well), (300, near), (500, minor)]
    assert steps(Kind.WIFI, "reachability.up") == [(None, severe), (0.5, well)]
    assert steps(Kind.WIFI, "temperature") == [(None, well)]


@pytest.mark.parametrize("text", ["- id: [", "- id: a", "- {id: A, title: 3}", "nothing"])
def test_a_wrong_rule_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "rules.yaml").write_text(text)
    with pytest.raises(Wrong, match=r"rules\.yaml: ."):
        limits.load(tmp_path / "rules.yaml")


def test_the_command_writes_the_files(tmp_path: Path) -> None:
    run = CliRunner().invoke(boards, ["build", str(tmp_path / "out")])
    assert run.exit_code == 0, run.output
    written = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*")}
    assert written == {"boards/area.json", "dashboards/imm.yaml", "datasources/imm.yaml"}


def test_the_command_says_what_to_do(tmp_path: Path) -> None:
    run = CliRunner().invoke(boards, ["build", str(tmp_path), "--rules", str(tmp_path / "none.yaml")])
    assert run.exit_code == 1
    assert "No such file" in run.output
    (tmp_path / "file").touch()
    run = CliRunner().invoke(boards, ["build", str(tmp_path / "file" / "out")])
    assert run.exit_code == 1
    assert "name a folder that you may write" in run.output
