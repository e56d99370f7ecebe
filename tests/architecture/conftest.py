"""What the tests of the shape look at: files that git tracks or would track."""

import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

# The folders of the edge's distribution; all other packages belong to the platform's.
EDGE = ("contracts", "playplan", "runtime", "edge")


@pytest.fixture(scope="session")
def edge_folders(folders: Sequence[str]) -> list[str]:
    """The folders of `imm-edge` that exist."""
    return [name for name in folders if name in EDGE]


@pytest.fixture(scope="session")
def project(root: Path) -> Mapping[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def files(root: Path) -> list[Path]:
    """Every file of the repository, relative to its root; what git ignores is not ours."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return sorted({Path(name) for name in listed.split("\0") if name and (root / name).is_file()})


@pytest.fixture(scope="session")
def sources(files: Sequence[Path]) -> list[Path]:
    """The Python files among them."""
    return [path for path in files if path.suffix == ".py"]
