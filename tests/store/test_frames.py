import hashlib
from pathlib import Path

import pytest

from contracts.errors import Refused
from contracts.frames import Header, Purpose
from contracts.instants import DAY, floor
from contracts.topics import Device, Kind
from store import errors
from store.frames import Frames

NOW = floor(1_790_000_000_000_000, DAY)
CAMERA = Device(site="bima", kind=Kind.CCTV, device="cam-1")
OTHER = Device(site="bima", kind=Kind.CCTV, device="cam-2")
JPEG = b"\xff\xd8picture"


def header(payload: bytes = JPEG, time: int = NOW) -> Header:
    digest = hashlib.sha256(payload).hexdigest()
    return Header(time=time, width=4, height=3, sha256=digest, purpose=Purpose.EVIDENCE, redacted="faces")


@pytest.fixture
def frames(tmp_path: Path) -> Frames:
    return Frames(tmp_path / "frames", keep_days=2)


def test_a_frame_comes_back_with_all_that_is_known_of_it(frames: Frames) -> None:
    kept = frames.put(CAMERA, header(), JPEG, "image/jpeg")
    assert frames.put(CAMERA, header(), JPEG, "image/jpeg") == kept
    assert frames.open(kept.header.sha256) == JPEG
    assert frames.list("cam-1", NOW, NOW + 1) == [kept]
    assert (kept.size, kept.header.redacted, kept.device) == (len(JPEG), "faces", CAMERA)


def test_frames_are_listed_by_device_and_time(frames: Frames) -> None:
    times = [NOW - DAY + 5, NOW, NOW + 1, NOW + DAY]
    for time in reversed(times):
        frames.put(CAMERA, header(b"%d" % time, time), b"%d" % time, "image/png")
    frames.put(OTHER, header(), JPEG, "image/jpeg")
    assert [one.header.time for one in frames.list("cam-1", NOW - DAY, NOW + 1)] == times[:2]
    assert [one.header.time for one in frames.list("cam-1", 0, 2**60, limit=3)] == times[:3]
    assert frames.list("cam-3", 0, 2**60) == []


def test_what_is_not_what_it_says_is_refused(frames: Frames) -> None:
    with pytest.raises(Refused, match="sha256"):
        frames.put(CAMERA, header(), b"other", "image/jpeg")
    with pytest.raises(Refused, match="content_type"):
        frames.put(CAMERA, header(), JPEG, "text/html")
    assert frames.list("cam-1", 0, 2**60) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 64, "*" * 64])
def test_an_unknown_frame_is_not_found(frames: Frames, name: str) -> None:
    frames.put(CAMERA, header(), JPEG, "image/jpeg")
    with pytest.raises(LookupError):
        frames.open(name)


def test_days_that_are_over_are_removed_whole(frames: Frames) -> None:
    old, new = b"old", b"new"
    frames.put(CAMERA, header(old, NOW - 3 * DAY), old, "image/jpeg")
    frames.put(CAMERA, header(new, NOW - DAY), new, "image/jpeg")
    assert frames.retain(NOW + DAY // 2) == 1
    assert [one.header.time for one in frames.list("cam-1", 0, 2**60)] == [NOW - DAY]
    with pytest.raises(LookupError):
        frames.open(header(old).sha256)


def test_a_disk_that_refuses_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "frames").write_text("a file where a folder should be")
    with pytest.raises(errors.Retry):
        Frames(tmp_path / "frames", keep_days=1).put(CAMERA, header(), JPEG, "image/jpeg")
