"""Files stay small enough to read in one go."""

from collections.abc import Sequence
from pathlib import Path

THINK = 300
SPLIT = 500

# Path → why this file is better long.
LONG: dict[str, str] = {}


def test_no_file_is_long(root: Path, sources: Sequence[Path]) -> None:
    lengths = {str(path): len((root / path).read_text().splitlines()) for path in sources}
    assert not {path: lines for path, lines in lengths.items() if lines > SPLIT}, "split these"
    long = {path: lines for path, lines in lengths.items() if lines > THINK}
    assert not long.keys() - LONG.keys(), f"split these, or say in LONG why they are better whole: {long}"
    assert LONG.keys() <= long.keys(), "these are short now: take them out of LONG"
