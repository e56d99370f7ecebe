"""A plain edge device loads no server's library: its modules are imported in a fresh process."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

HEAVY = {
    "alembic",
    "duckdb",
    "fastapi",
    "grafana_foundation_sdk",
    "holidays",
    "httpx",
    "influxdb_client",
    "iotcore",
    "jinja2",
    "numpy",
    "pandas",
    "psycopg",
    "pyarrow",
    "pydantic",
    "sqlalchemy",
    "starlette",
    "uvicorn",
}

PROBE = """
import importlib, json, sys
heavy, guilty = set(json.loads(sys.argv[1])), {}
for module in json.loads(sys.argv[2]):
    before = heavy & sys.modules.keys()
    importlib.import_module(module)
    if loaded := (heavy & sys.modules.keys()) - before:
        guilty[module] = sorted(loaded)
print(json.dumps(guilty))
"""


def _loads(modules: Sequence[str], cwd: Path) -> dict[str, list[str]]:
    """Modules that load a heavy library, each with the libraries it was the first to load."""
    command = [sys.executable, "-c", PROBE, json.dumps(sorted(HEAVY)), json.dumps(modules)]
    run = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    loads: dict[str, list[str]] = json.loads(run.stdout)
    return loads


def test_the_edge_is_light(root: Path, sources: Sequence[Path], edge_folders: Sequence[str]) -> None:
    modules = [
        ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        for path in sources
        if path.parts[0] in edge_folders and path.stem != "__main__"
    ]
    assert modules
    assert not _loads(modules, root)


@pytest.mark.parametrize("library", ["numpy", "duckdb"])
def test_the_probe_sees_a_heavy_library(tmp_path: Path, library: str) -> None:
    (tmp_path / "loaded.py").write_text(f"import {library}\n")
    assert library in _loads(["loaded"], tmp_path)["loaded"]
