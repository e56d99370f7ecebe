"""`python -m contracts.publish FOLDER`: write schemas and AsyncAPI document, as in docs/reference."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from contracts import asyncapi, schemas

VERSION: Final = (
    "1.0.0"  # of the messages: its first number changes when an old client would no longer be understood
)


def files() -> dict[str, str]:
    """Path below the folder → text."""
    documents: dict[str, Any] = {f"schemas/{name}.json": one for name, one in schemas.documents().items()}
    documents["asyncapi.json"] = asyncapi.document(VERSION)
    return {path: json.dumps(one, indent=2, ensure_ascii=False) + "\n" for path, one in documents.items()}


def main(arguments: Sequence[str]) -> int:
    """Write all files; remove schemas that are no longer made."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m contracts.publish FOLDER\n")
        return 2
    folder = Path(arguments[0])
    (folder / "schemas").mkdir(parents=True, exist_ok=True)
    wanted = files()
    for old in folder.glob("schemas/*.json"):
        if f"schemas/{old.name}" not in wanted:
            old.unlink()
    for path, text in wanted.items():
        (folder / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
