"""Each package of the city's core is told of where those read who build a programme."""

from pathlib import Path


def test_every_package_is_told_of(root: Path) -> None:
    page = (root / "docs" / "how-to" / "core.md").read_text(encoding="utf-8")
    packages = {path.parent.name for path in (root / "city").glob("*/__init__.py")}
    assert len(packages) > 15
    assert not [name for name in sorted(packages) if f"`city/{name}`" not in page]
