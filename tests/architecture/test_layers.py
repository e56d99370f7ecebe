"""import-linter checks what imports what; these tests check that it looks at every folder."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

# Folder → folders it may not import, even by way of others, besides what the layers say.
FORBIDDEN = {
    "edge": {"city", "store", "web"},
    "ingest": {"city", "web"},
    "analytics": {
        "city",
        "store",
        "web",
    },  # but for analytics.jobs, which the linter lets through to the store
    "dashboards": {"city", "store", "web"},
    "programmes": {"store", "devices", "alerts", "ingest", "analytics", "edge"},
    "console": {"store", "devices", "alerts", "ingest", "analytics", "edge"},
    "devices": {"store"},
    "alerts": {"store"},
}
SIMULATOR_MAY = {"contracts", "runtime"}
NO_PACKAGE = {"build", "deploy", "dist", "docs", "examples", "packaging", "tests"}


@pytest.fixture
def linter(project: Mapping[str, Any]) -> Mapping[str, Any]:
    rules: Mapping[str, Any] = project["tool"]["importlinter"]
    return rules


@pytest.fixture
def layers(linter: Mapping[str, Any]) -> list[str]:
    (rule,) = (rule for rule in linter["contracts"] if rule["id"] == "layers")
    return re.findall(r"\w+", " ".join(rule["layers"]))


def test_every_folder_with_code_is_a_package(root: Path, folders: Sequence[str]) -> None:
    with_code = {path.relative_to(root).parts[0] for path in root.glob("[a-z]*/**/*.py")}
    assert with_code - NO_PACKAGE == set(folders)


def test_the_linter_sees_every_folder(linter: Mapping[str, Any], folders: Sequence[str]) -> None:
    assert linter["root_packages"] == sorted(folders), "list each folder in [tool.importlinter] root_packages"


def test_every_folder_has_one_layer(layers: Sequence[str], folders: Sequence[str]) -> None:
    assert len(layers) == len(set(layers))
    assert set(folders) <= set(layers), "give the new folder its place in the layers of pyproject.toml"


def test_what_the_layers_cannot_say_is_forbidden(
    linter: Mapping[str, Any], layers: Sequence[str], folders: Sequence[str]
) -> None:
    declared: dict[str, set[str]] = {}
    for rule in linter["contracts"]:
        if rule["type"] == "forbidden":
            for source in rule["source_modules"]:
                declared.setdefault(source, set()).update(rule["forbidden_modules"])
    expected = {source: targets for source, targets in FORBIDDEN.items() if source in folders}
    if "simulator" in folders:
        expected["simulator"] = set(layers) - SIMULATOR_MAY - {"simulator"}
    missing = {
        source: undeclared
        for source, targets in expected.items()
        if (undeclared := targets - declared.get(source, set()))
    }
    assert not missing, "add these to the forbidden contracts in pyproject.toml"
