"""What the documentation names is there: addresses of the API, files, pages."""

import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    if "_build" not in path.parts
)
MADE = (
    "web/static/build",
    "deploy/secrets",
    "build/",
    "data/",
    "docs/reports",
    "docs/_build",
)  # by a command, not in git


def test_every_address_of_the_api_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    monkeypatch.delitem(sys.modules, "routes", raising=False)
    api = importlib.import_module("routes").api
    paths = ["/api/v1/openapi.json", *api().openapi()["paths"]]
    known = [re.compile(re.sub(r"\{\w+\}", "[^/]+", path)) for path in paths]
    found = 0
    for page in PAGES:
        for path in re.findall(r"/api/v1/[\w/{}.-]+", page.read_text(encoding="utf-8")):
            assert any(one.fullmatch(path.rstrip("./")) for one in known), f"{page}: {path}"
            found += 1
    assert found > 5


def test_every_file_named_is_there() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    for page in PAGES:
        for path in re.findall(r"`([\w.-]+/[\w./-]*)`", page.read_text(encoding="utf-8")):
            if path.split("/")[0] in folders and not path.startswith(MADE):
                assert (ROOT / path).exists(), f"{page}: {path}"


def test_every_page_linked_is_there() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page}: {link}"
