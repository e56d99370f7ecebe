"""Keys lie in a file of their owner's alone; what another process adds is at hand at once."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from city.privacy import KeyFile
from city.privacy.cipher import Unsealed
from city.privacy.errors import BadKeys, KeyMissing
from runtime.clock import Fake


@pytest.fixture
def made(keys: KeyFile) -> str:
    return keys.make()


def test_what_is_wrapped_comes_back(keys: KeyFile, made: str) -> None:
    wrapped = keys.wrap(made, b"data key", b"here")
    assert keys.unwrap(made, wrapped, b"here") == b"data key"
    for text, place in (
        (wrapped, b"there"),
        (wrapped[:-1] + b"\0", b"here"),
        (b"", b"here"),
        (b"\2" * 40, b""),
    ):
        with pytest.raises(Unsealed):
            keys.unwrap(made, text, place)
    with pytest.raises(KeyMissing):
        keys.wrap("k-unknown", b"", b"")


def test_the_file_is_its_owners_alone(keys: KeyFile, made: str) -> None:
    for path in keys.where.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.where.parent.stat().st_mode) == 0o700
    assert sorted(path.name for path in keys.where.parent.iterdir()) == ["vault.json", "vault.json.lock"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_a_file_that_others_may_read_or_change_is_refused(keys: KeyFile, made: str, mode: int) -> None:
    keys.known()
    keys.where.chmod(mode)
    for one in (keys, KeyFile(keys.where, clock=Fake())):
        with pytest.raises(BadKeys) as bad:
            one.known()
        assert bad.value.cure == f"chmod 600 {keys.where}"
    keys.where.chmod(0o600)
    assert made in keys.known()


def test_another_process_adds_and_drops(keys: KeyFile, made: str, clock: Fake) -> None:
    assert list(keys.known()) == [made]
    clock.advance(1)
    other = KeyFile(keys.where, clock=clock)
    second = other.make()
    assert list(keys.known()) == [made, second]
    wrapped = keys.wrap(second, b"x", b"")
    other.drop(second)
    with pytest.raises(KeyMissing):
        keys.unwrap(second, wrapped, b"")


def test_hashes_outlive_the_keys_and_differ_by_purpose(keys: KeyFile, made: str) -> None:
    before = keys.mac("blind/phone", b"x")
    keys.make()
    keys.drop(made)
    assert keys.mac("blind/phone", b"x") == before
    assert keys.mac("blind/email", b"x") != before
    assert keys.mac("blind/phone", b"y") != before
    assert len(before) == 32


def test_whoever_runs_goes_on_without_the_file(keys: KeyFile, made: str) -> None:
    wrapped = keys.wrap(made, b"x", b"")
    keys.where.unlink()
    assert keys.unwrap(made, wrapped, b"") == b"x"
    fresh = KeyFile(keys.where, clock=Fake())
    assert fresh.known() == {}
    with pytest.raises(BadKeys):
        fresh.mac("x", b"")


@pytest.mark.parametrize("content", [b"", b"{}", b'{"mac": "AA==", "keys": [', b"\xff"])
def test_a_damaged_file_is_told_and_left_alone(keys: KeyFile, made: str, content: bytes) -> None:
    keys.where.write_bytes(content)
    with pytest.raises(BadKeys):
        keys.known()
    with pytest.raises(BadKeys):
        keys.make()
    assert keys.where.read_bytes() == content


def test_a_place_where_no_file_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadKeys):
        KeyFile(tmp_path / "file" / "vault.json", clock=Fake()).make()


def test_an_unfinished_write_changes_nothing(
    keys: KeyFile, made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadKeys):
        keys.make()
    monkeypatch.undo()
    assert list(keys.known()) == [made]
    assert len(list(keys.where.parent.iterdir())) == 2


def test_many_add_at_once(keys: KeyFile) -> None:
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: KeyFile(keys.where, clock=Fake()).make(), range(8)))
    assert set(keys.known()) == set(made)
