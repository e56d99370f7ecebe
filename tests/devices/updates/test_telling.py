"""What a device is told of its updates when it joins."""

from pathlib import Path

import pytest

from contracts.enrolment import Updates
from contracts.errors import Refused
from contracts.instants import DAY
from devices import settings
from devices.ca import making
from devices.ca.authority import _pem
from devices.settings import Settings
from devices.updates.telling import told
from runtime.clock import System
from runtime.settings import Wrong

KEYS = ("3qmQ0b1yXb8Qw0Qn8r3mR7oQb2k4v0m9s1u5w7y9A0E=",)
HERE = "https://imm.example.id"


def certificates(folder: Path) -> tuple[Path, Path]:
    """One that vouches for itself, and one that another vouches for."""
    now = System().now()
    root_key, key = making.key(root=True), making.key()
    root = making.root(root_key, "web", now)
    between_key = making.key()
    between = making.intermediate(between_key, "web 1", now, by=root, signing=root_key)
    leaf = making.server(key, ["127.0.0.1"], now, now + DAY, by=between, signing=between_key)
    own, others = folder / "own.pem", folder / "others.pem"
    own.write_text(_pem(root))
    others.write_text(_pem(leaf) + _pem(between))
    return own, others


def test_without_a_key_nothing_is_told() -> None:
    assert told(Settings(), HERE) == Updates()


def test_the_source_is_the_platform_unless_another_is_named(tmp_path: Path) -> None:
    own, others = certificates(tmp_path)
    plain = settings.Updates(keys=KEYS)
    assert told(Settings(updates=plain), f"{HERE}/") == Updates(keys=KEYS, source=f"{HERE}/api/v1/agents")
    assert told(Settings(updates=plain, certificate=own), HERE).trusted == own.read_text()
    assert told(Settings(updates=plain, certificate=others), HERE).trusted == ""
    elsewhere = settings.Updates(keys=KEYS, source="https://mirror.example.id/agents")
    found = told(Settings(updates=elsewhere, certificate=own), HERE)
    assert (found.source, found.trusted) == ("https://mirror.example.id/agents", "")
    named = settings.Updates(keys=KEYS, ca_file=own)
    assert told(Settings(updates=named, certificate=others), HERE).trusted == own.read_text()


def test_what_cannot_be_told_is_found_at_the_start(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    for content in (b"no certificate", b"\xff"):
        broken.write_bytes(content)
        with pytest.raises(Wrong, match=r"devices\.updates\.ca_file"):
            told(Settings(updates=settings.Updates(keys=KEYS, ca_file=broken)), HERE)
    with pytest.raises(Wrong, match="No such file"):
        told(Settings(updates=settings.Updates(keys=KEYS, ca_file=tmp_path / "none")), HERE)
    with pytest.raises(Refused):
        settings.Updates(keys=("x",))
    with pytest.raises(Refused):
        settings.Updates(source="ftp://x")
