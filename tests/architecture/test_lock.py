"""The lock pins everything with hashes, and knows no place to fetch from."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@pytest.fixture
def lock(root: Path) -> str:
    return (root / "requirements.lock").read_text()


def test_each_pin_has_hashes(lock: str) -> None:
    blocks = re.split(r"\n(?=[a-z])", lock.strip())
    assert len(blocks) > 50
    assert not [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block]


def test_it_names_no_place(lock: str) -> None:
    assert not re.search(r"https?:|file:|--index|--find-links|--extra-index| @ ", lock)


def test_it_holds_what_the_projects_ask_for(root: Path, lock: str, project: Mapping[str, Any]) -> None:
    edge = tomllib.loads((root / "packaging/imm-edge/pyproject.toml").read_text())["project"]
    asked = [
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
        *edge["dependencies"],
        *(text for extra in edge["optional-dependencies"].values() for text in extra),
    ]
    names = {canonicalize_name(Requirement(text).name) for text in asked} - {"imm-edge"}
    pinned = {canonicalize_name(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)}
    assert names <= pinned, "run make lock"
