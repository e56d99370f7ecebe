"""What `imm doctor` says of the keys of personal data."""

from pathlib import Path

import msgspec
import pytest

from app.commands.doctor import Finding, examine
from app.settings import Settings, resolve
from city.db import Database, upgrade
from city.privacy import KeyFile, keks
from city.privacy.history import HISTORY
from runtime.clock import System


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return resolve(msgspec.structs.replace(Settings(), data=tmp_path / "data"))


def found(settings: Settings) -> Finding:
    return next(one for one in examine(settings) if one.what == "keys")


def test_keys_are_made_by_the_first_start(settings: Settings) -> None:
    assert (found(settings).ok, found(settings).found) == (True, "none yet: the first start makes one")


def test_keys_are_at_hand_their_owners_alone_and_in_no_backup(settings: Settings, tmp_path: Path) -> None:
    where = settings.privacy.keys_file
    database = Database.of(settings.city)
    upgrade(database, [HISTORY])
    keks.prepare(database, KeyFile(where, clock=System()), System())
    database.close()
    assert (found(settings).ok, found(settings).found) == (True, f"1 in {where}")
    copy = settings.data / "saved.json"
    copy.write_bytes(where.read_bytes())
    assert (found(settings).ok, str(copy) in found(settings).cure) == (False, True)
    copy.unlink()
    where.chmod(0o640)
    assert (found(settings).ok, found(settings).cure) == (False, f"chmod 600 {where}")
    where.chmod(0o600)
    where.rename(tmp_path / "elsewhere.json")
    assert not found(settings).ok
    assert found(settings).cure == f"put the key file back from where you keep its copy: {where}"
