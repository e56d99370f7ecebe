"""A folder or module is named for what it holds, and hides no library."""

import sys
from collections.abc import Sequence
from importlib.metadata import packages_distributions
from pathlib import Path

NOTHING = {"utils", "util", "common", "helpers", "helper", "core", "misc", "shared", "lib"}

# Path → why it may be called like a library all the same.
ALIKE: dict[str, str] = {}


def test_no_name_says_nothing(sources: Sequence[Path]) -> None:
    assert not [path for path in sources if {path.stem, *path.parent.parts} & NOTHING]


def test_no_top_level_hides_a_library(folders: Sequence[str]) -> None:
    assert not set(folders) & sys.stdlib_module_names
    ours = {"imm-edge", "imm-platform"}
    taken = {name for name, owners in packages_distributions().items() if set(owners) - ours}
    assert not set(folders) & taken


def test_no_module_is_called_like_what_it_wraps(sources: Sequence[Path]) -> None:
    libraries = {name for name in packages_distributions() if "/" not in name}
    modules = {str(path) for path in sources if path.parts[0] != "tests" and path.stem in libraries}
    assert modules == ALIKE.keys()


def test_tests_are_no_package(sources: Sequence[Path]) -> None:
    assert not [path for path in sources if path.parts[0] == "tests" and path.name == "__init__.py"]
