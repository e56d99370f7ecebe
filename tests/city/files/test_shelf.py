"""Contents on a shelf of this machine and on one that speaks S3: the same promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from city.files import Settings
from city.files.errors import Away, Damaged, WrongPlace
from city.files.shelf import Shelf, open_shelf
from tests.city.files.s3 import Bucket

PATH = "ab" * 32 + "-01234567"
BODY = bytes(range(256)) * 20_000  # 5 MB: more than one part of an upload


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    server = Bucket()
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    if request.param == "folder":
        return open_shelf(Settings(place=str(tmp_path / "files")))
    return s3(request.getfixturevalue("bucket"), tmp_path)


def s3(bucket: Bucket, tmp_path: Path) -> Shelf:
    keys = tmp_path / "s3"
    keys.write_text("kunci\nrahasia\n")
    return open_shelf(
        Settings(place="s3://kota/berkas", endpoint=bucket.endpoint, region="id-1", access_key_file=keys)
    )


def test_what_is_put_down_is_read_again(shelf: Shelf) -> None:
    shelf.write(PATH, BODY)
    assert shelf.size(PATH) == len(BODY)
    assert shelf.read(PATH, 0, len(BODY)) == BODY
    assert shelf.read(PATH, 1_000_000, 1_000_010) == BODY[1_000_000:1_000_010]
    assert b"".join(shelf.stream(PATH, 5, 3_000_000)) == BODY[5:3_000_000]


def test_what_is_removed_is_gone(shelf: Shelf) -> None:
    shelf.write(PATH, b"x")
    shelf.remove(PATH)
    shelf.remove(PATH)
    assert shelf.size(PATH) is None
    with pytest.raises(Damaged):
        shelf.read(PATH, 0, 1)


def test_a_cut_content_is_told(shelf: Shelf) -> None:
    shelf.write(PATH, b"abc")
    with pytest.raises(Damaged, match="ends after 3 bytes"):
        shelf.read(PATH, 0, 5)


def test_a_folder_that_cannot_be_written_is_away(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("a file, not a folder")
    with pytest.raises(Away):
        open_shelf(Settings(place=str(tmp_path / "files"))).write(PATH, b"x")


def test_an_s3_that_refuses_is_away(bucket: Bucket, tmp_path: Path) -> None:
    shelf = s3(bucket, tmp_path)
    shelf.write(PATH, b"x")
    assert bucket.contents == {f"kota/berkas/ab/{PATH}": b"x"}
    bucket.broken = True
    with pytest.raises(Away):
        shelf.write(PATH, b"x")
    with pytest.raises(Away):
        shelf.read(PATH, 0, 1)


@pytest.mark.parametrize("place", ["ftp://host/x", "http://host/x"])
def test_other_places_are_refused(place: str) -> None:
    with pytest.raises(WrongPlace, match="name a folder"):
        open_shelf(Settings(place=place))


def test_an_account_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(WrongPlace, match="two lines"):
        open_shelf(Settings(place="s3://kota", access_key_file=tmp_path / "none"))
