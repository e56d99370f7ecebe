"""Boards → the files that Grafana reads: `python -m dashboards.build FOLDER`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from contracts.rules import Rule
from dashboards import area, limits, sources

BOARDS: Final[Mapping[str, Callable[[Sequence[Rule]], Dashboard]]] = {"area": area.build}
RULES: Final = Path(__file__).resolve().parents[1] / "deploy/rules/bima.yaml"
MOUNTED: Final = "/etc/grafana/provisioning"  # where Grafana's container finds the folder
_MADE: Final = "# Written by `imm boards build`: change dashboards/ instead.\n"


def files(rules: Sequence[Rule]) -> dict[str, str]:
    """Path inside the folder → content."""
    provider = {
        "apiVersion": 1,
        "providers": [
            {
                "name": "imm",
                "folder": "IMM",
                "type": "file",
                "allowUiUpdates": False,
                "options": {"path": f"{MOUNTED}/boards"},
            }
        ],
    }
    return {
        "datasources/imm.yaml": _yaml(sources.provisioning()),
        "dashboards/imm.yaml": _yaml(provider),
        **{f"boards/{name}.json": _json(build(rules)) for name, build in BOARDS.items()},
    }


def write(folder: Path, rules: Path = RULES) -> list[Path]:
    """Write every file, return their paths. Raises Wrong, OSError."""
    written = []
    for name, text in files(limits.load(rules)).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def _yaml(content: Mapping[str, Any]) -> str:
    return _MADE + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _json(board: Dashboard) -> str:
    return JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(board.build()) + "\n"


if __name__ == "__main__":
    write(Path(sys.argv[1]))
