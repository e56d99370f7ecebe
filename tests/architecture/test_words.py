"""Nothing in the repository points at the machine it was written on, or at one registry of packages."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

# Written apart, so that this file does not accuse itself.
MACHINE = [
    r"(?<![\w.$}])/work" + "/",
    "/opt/" + "wheels",
    "/opt/" + "pypi",
    "/root" + "/",
    "/home/" + r"\w",
]
REGISTRY = [
    "pypi" + r"\.org",
    "pythonhosted" + r"\.org",
    "npmjs" + r"\.(org|com)",
    "debian" + r"\.org/debian",
]
OUTSIDE = [r"\.\./" + "shared"]

# The one place that looks beside the checkout: where CI keeps big test assets.
LOOKS_OUTSIDE = {".ci/run"}


@pytest.mark.parametrize("pattern", [*MACHINE, *REGISTRY, *OUTSIDE])
def test_no_file_says(root: Path, files: Sequence[Path], pattern: str) -> None:
    said = {
        f"{path}:{number}: {line.strip()[:120]}"
        for path in files
        if not (pattern in OUTSIDE and str(path) in LOOKS_OUTSIDE)
        for number, line in enumerate((root / path).read_text(errors="ignore").splitlines(), start=1)
        if re.search(pattern, line)
    }
    assert not said
