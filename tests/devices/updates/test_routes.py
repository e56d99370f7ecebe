"""Versions as the API hands them out: to anybody who asks for a file of one, and nothing else of the disk."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from contracts import updates
from devices.updates import bundle
from tests.fixtures.whole import Whole

NAME = "imm_edge-2.0-py3-none-any.whl"


@pytest.fixture
def laid(whole: Whole, tmp_path: Path) -> Path:
    folder = whole.parts.settings.devices.versions
    (tmp_path / NAME).write_bytes(b"wheel" * 100_000)
    bundle.keygen(tmp_path / "key")
    for version in ("2.0", "2.0.1"):
        (tmp_path / NAME.replace("2.0", version)).write_bytes(b"wheel" * 100_000)
        bundle.make(version, tmp_path, tmp_path / "key", folder)
    (folder / "3.0").mkdir()
    (folder / "3.0" / updates.LIST).write_bytes(b"no list")
    (folder / "secret.txt").write_text("secret")
    return folder


def test_versions_are_listed_and_their_files_given_as_they_lie(whole: Whole, laid: Path) -> None:
    with TestClient(whole.app()) as api:
        found = api.get("/api/v1/agents").json()["items"]
        assert [one["version"] for one in found] == ["2.0.1", "2.0"]
        assert found[1]["sha256"] == bundle.digest(laid / "2.0")
        answer = api.get(f"/api/v1/agents/2.0/{NAME}", headers={"accept-encoding": "gzip"})
        assert answer.content == b"wheel" * 100_000
        assert answer.headers["content-encoding"] == "identity"
        for path in (
            "2.0/secret.txt",
            "2.0/..%2f..%2fsecret.txt",
            "../secret.txt",
            "9.9/files.json",
            "x/files.json",
        ):
            assert api.get(f"/api/v1/agents/{path}").status_code in {404, 422}, path
