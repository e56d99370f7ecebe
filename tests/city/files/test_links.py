"""Links are for one file, one caller and a short time; a new key withdraws them."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.files import Links
from city.files.errors import Stale, WrongPlace
from city.files.links import LONGEST, Keys
from runtime.clock import Fake

FILE = "01a0c450-6c00-7000-922f-d1c7927f785b"


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys" / "links")


@pytest.fixture
def links(keys: Keys, clock: Fake) -> Links:
    return Links(keys, clock, seconds=60)


def test_a_link_opens_its_file(links: Links) -> None:
    token = links.make(FILE, "session-1", inline=True)
    ticket = links.open(token, "session-1")
    assert (ticket.file, ticket.inline) == (FILE, True)
    assert len(token) < LONGEST
    assert "session-1" not in token


def test_it_is_nobody_elses(links: Links) -> None:
    token = links.make(FILE, "session-1")
    for holder in ("session-2", "", "session-1 "):
        with pytest.raises(Stale, match="somebody else"):
            links.open(token, holder)


def test_it_ends(links: Links, clock: Fake) -> None:
    token, brief = links.make(FILE, "s"), links.make(FILE, "s", seconds=5)
    clock.advance(5)
    with pytest.raises(Stale, match="time is over"):
        links.open(brief, "s")
    clock.advance(54)
    assert links.open(token, "s").file == FILE
    clock.advance(1)
    with pytest.raises(Stale, match="time is over"):
        links.open(token, "s")


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_whatever_is_changed_is_refused(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int
) -> None:
    links = Links(Keys(tmp_path_factory.getbasetemp() / "links-changed"), Fake())
    token = links.make(FILE, "s")
    at = place % len(token)
    changed = token[:at] + chr(byte) + token[at + 1 :]
    if changed != token and _said(changed) != _said(token):
        with pytest.raises(Stale):
            links.open(changed, "s")


def _said(token: str) -> str:
    """The last letter of each part carries bits that mean nothing: those may differ."""
    return ".".join(part[:-1] for part in token.split("."))


@given(st.text(max_size=600))
def test_whatever_comes_is_refused(tmp_path_factory: pytest.TempPathFactory, token: str) -> None:
    with pytest.raises(Stale):
        Links(Keys(tmp_path_factory.getbasetemp() / "links-any"), Fake()).open(token, "s")


def test_a_new_key_leaves_links_and_a_withdrawal_does_not(links: Links, keys: Keys) -> None:
    old = links.make(FILE, "s")
    keys.rotate()
    assert links.open(old, "s").file == FILE
    keys.rotate()
    assert links.open(old, "s").file == FILE
    keys.rotate()
    with pytest.raises(Stale):  # three keys verify, no more
        links.open(old, "s")
    new = links.make(FILE, "s")
    keys.rotate(withdraw=True)
    with pytest.raises(Stale):
        links.open(new, "s")


def test_another_process_uses_the_same_key(links: Links, keys: Keys, clock: Fake) -> None:
    other = Links(Keys(keys.path), clock)
    token = other.make(FILE, "s")
    assert links.open(token, "s").file == FILE
    keys.rotate(withdraw=True)
    with pytest.raises(Stale):
        other.open(token, "s")


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "links"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: tuple(Keys(path)()), range(8)))
    assert len(found) == 1
    assert [entry.name for entry in path.parent.iterdir()] == ["links"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_that_is_none_is_told(keys: Keys) -> None:
    keys.path.parent.mkdir()
    keys.path.write_text("kunci\n")
    with pytest.raises(WrongPlace, match="at least 32"):
        keys()
    keys.path.write_text("")
    with pytest.raises(WrongPlace):
        keys()
