"""What an agent keeps is whole, and its own."""

import os
import stat
from pathlib import Path

import pytest

from edge.settings import Settings, Spool
from edge.state import Folder


def test_a_file_is_replaced_whole_and_is_nobody_elses(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "a" / "b")
    folder.prepare()
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert folder.read("key") is None
    folder.write("key", b"one")
    folder.write("key", b"two")
    assert folder.read("key") == b"two"
    assert stat.S_IMODE((folder.path / "key").stat().st_mode) == 0o600
    folder.remove("key")
    folder.remove("key")
    assert list(folder.path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tmp_path)
    folder.write("key", b"one")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        folder.write("key", b"two")
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    assert folder.read("key") == b"one"


@pytest.mark.parametrize(
    "settings,home",
    [
        (Settings(site="bima", device="k1"), "/var/lib/imm-edge"),
        (Settings(site="bima", device="k1", spool=Spool(path=Path("/srv/spool.db"))), "/srv"),
        (Settings(site="bima", device="k1", spool=Spool(path=Path("/srv/k1.spool"))), "/srv/k1.agent"),
        (Settings(site="bima", device="k1", folder=Path("/srv/own")), "/srv/own"),
    ],
)
def test_agents_that_share_a_folder_of_spools_share_nothing_else(settings: Settings, home: str) -> None:
    assert settings.home == Path(home)
