"""`imm device` on a database of its own: from an authority to a device that is shut out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli import imm
from app.histories import HISTORIES
from contracts import enrolment
from tests.fixtures.tables import ready

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv("IMM_DATA", str(data))
    ready(f"sqlite:///{data / 'city.sqlite'}", HISTORIES).close()
    (tmp_path / "passphrase").write_text("sangat rahasia sekali\n")

    def call(*words: str, status: int = 0) -> str:
        done = CliRunner().invoke(imm, ["--log", "error", "device", *words])
        assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
        return done.output

    return call


def told(text: str) -> Any:
    return json.loads(text[min(at for at in (text.find("{"), text.find("[")) if at >= 0) :])


def test_from_an_authority_to_a_disabled_device(run: Run, tmp_path: Path) -> None:
    root, passphrase = str(tmp_path / "root.key"), str(tmp_path / "passphrase")
    assert "imm device ca init" in run("ca", "show")
    run("ca", "init", "--root", root, "--passphrase-file", passphrase)
    run("ca", "init", "--root", str(tmp_path / "other.key"), "--passphrase-file", passphrase, status=1)
    run("add", "kiosk-07", "--kind", "kiosk", "--site", "bima", "--title", "Kiosk timur")
    shown = run("claim", "kiosk-07")
    assert "imm-edge enrol 'imm-enrol:" in shown
    assert "█" in shown
    made = told(
        run("claim", "kiosk-07", "--svg", str(tmp_path / "c.svg"), "--png", str(tmp_path / "c.png"), "--json")
    )
    assert enrolment.parse(made["claim"]).code == enrolment.code(made["code"])
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "c.svg").read_text()
    assert "open claim" in run("show", "kiosk-07")
    assert told(run("password", "kiosk-07", "--json"))["username"] == "kiosk-07"
    assert told(run("list", "--json"))[0]["state"] == "enrolled"
    assert "No certificate needs" in run("list", "--expiring")
    assert told(run("list", "--expiring", "--json")) == []
    assert "disabled" in run("disable", "kiosk-07", "--why", "Dicuri", "--stolen")
    assert "enrolled" in run("enable", "kiosk-07")
    assert "retired" in run("retire", "kiosk-07", "--why", "Rusak", "--yes")
    assert told(run("show", "kiosk-07", "--json"))["reason"].startswith("Rusak")
    run("ca", "rotate", "--root", root, "--passphrase-file", passphrase, "--days", "0")
    assert len(told(run("ca", "show", "--json"))["intermediates"]) == 2
    run("ca", "export", str(tmp_path / "ca"))
    assert (tmp_path / "ca" / "trusted.pem").read_text().count("BEGIN CERTIFICATE") == 3
    assert (tmp_path / "ca" / "revoked.pem").read_text().count("BEGIN X509 CRL") == 2
    run("ca", "serve", str(tmp_path / "broker"), "--name", "localhost")
    assert (tmp_path / "broker" / "server.key").stat().st_mode & 0o077 == 0


def test_a_roster_file_becomes_the_registry(run: Run, root: Path, tmp_path: Path) -> None:
    file = str(root / "deploy/roster/bima.toml")
    assert "False" in run("import", file, "--dry-run")
    assert "No devices" in run("list")
    run("import", file)
    found = told(run("list", "--json"))
    assert len(found) == 23
    assert {one["state"] for one in found} == {"enrolled"}
    run("export", str(tmp_path / "all.csv"))
    table = (tmp_path / "all.csv").read_text(encoding="utf-8-sig").replace("Kiosk gerbang timur", "Kiosk")
    (tmp_path / "all.csv").write_text(table + "kiosk-99;perahu;bima;;;;;;;;;;planned\r\n", encoding="utf-8")
    report = tmp_path / "refused.csv"
    run("import", str(tmp_path / "all.csv"), "--report", str(report), status=1)
    assert "Jenis" in report.read_text(encoding="utf-8-sig")
    assert {one["title"] for one in told(run("list", "--kind", "kiosk", "--json"))} == {"Kiosk"}
    assert "same" in run("import", file), "the file has its say again"


def test_what_is_wrong_is_told_in_three_parts(run: Run, tmp_path: Path) -> None:
    done = CliRunner().invoke(imm, ["device", "add", "Kiosk 7", "--kind", "kiosk", "--site", "bima"])
    assert done.exit_code == 1
    assert "why: device = Kiosk 7" in done.output
    (tmp_path / "bad.toml").write_text("[[device]]\n")
    with pytest.raises(Exception, match="device"):
        CliRunner().invoke(imm, ["device", "import", str(tmp_path / "bad.toml")], catch_exceptions=False)
