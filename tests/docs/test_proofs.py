"""Each test that the documentation names as a proof is there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_proof_is_a_test() -> None:
    named = re.findall(
        r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs/reference/proofs.md").read_text(encoding="utf-8")
    )
    assert len(named) > 20
    for file, name in named:
        path = ROOT / file
        assert path.exists(), file
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = {
            one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert not name or name in functions, f"{file}::{name}"
