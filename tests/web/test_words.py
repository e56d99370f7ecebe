"""Words of all packages become one catalogue: the same English must be the same Indonesian everywhere."""

from pathlib import Path

from web import language


def test_no_package_translates_what_another_does_otherwise(root: Path) -> None:
    said: dict[object, dict[object, str]] = {}
    for file in root.glob("*/**/locale/id*.po"):
        if ".venv" in file.parts or "node_modules" in file.parts:
            continue
        for message in language.read(file):
            if message.id:
                said.setdefault(str(message.id), {})[str(message.string)] = str(file.relative_to(root))
    assert {words: where for words, where in said.items() if len(where) > 1} == {}
