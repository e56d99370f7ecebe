"""Build hook: the wheel of `imm-edge` holds the edge's layers, taken from the root of the repository."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LAYERS = ("contracts", "playplan", "runtime", "edge")


class Folders(BuildHookInterface):  # type: ignore[type-arg, misc, unused-ignore]  # hatchling is untyped where absent
    """Adds each layer that exists; an editable install needs none, its root is on the import path."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root).parents[1]
        build_data["force_include"] |= {
            str(root / layer): layer for layer in LAYERS if (root / layer).is_dir()
        }
