"""Files over HTTP: saved and not shown, in parts where a part is asked for."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.db import Database
from city.files import Files, Kind, Use
from city.files.answer import Answer, answer, disposition, span
from city.files.store import Content
from tests.city.files import makers

USE = Use(name="test.paper", kinds=tuple(Kind))
BODY = b"kolom;isi\r\n" * 10_000


@pytest.fixture
def content(db: Database, files: Files) -> Content:
    draft = files.receive(BODY, USE, 'daftar "warga" é.csv')
    with db.begin() as tx:
        file = files.keep(tx, draft, record="r1", by="p1")
        return files.find(tx, file.id)


def asked(files: Files, content: Content, headers: Mapping[str, str]) -> tuple[Answer, bytes]:
    found = answer(files, content, headers)
    return found, b"".join(found.body)


def test_it_is_saved_and_never_guessed(files: Files, content: Content) -> None:
    found, body = asked(files, content, {})
    assert (found.status, body) == (200, BODY)
    assert found.headers["Content-Type"] == "text/csv"
    assert found.headers["Content-Length"] == str(len(BODY))
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert found.headers["Cache-Control"] == "private, no-store"
    assert found.headers["Content-Disposition"] == (
        "attachment; filename=\"daftar _warga_ _.csv\"; filename*=UTF-8''daftar%20_warga_%20%C3%A9.csv"
    )


def test_only_pictures_are_shown_in_a_page(db: Database, files: Files, content: Content) -> None:
    assert answer(files, content, {}, inline=True).headers["Content-Disposition"].startswith("attachment")
    draft = files.receive(makers.picture(), USE, "a.jpg")
    with db.begin() as tx:
        picture = files.find(tx, files.keep(tx, draft, record="r1", by="p1").id)
    assert answer(files, picture, {}, inline=True).headers["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize(
    "header, status, part",
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=65530-65545", 206, slice(65530, 65546)),
        ("bytes=109990-", 206, slice(109_990, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=-999999999", 206, slice(0, None)),
        ("bytes=5-999999999", 206, slice(5, None)),
        ("bytes=110000-", 416, slice(0, 0)),
        ("bytes=-0", 416, slice(0, 0)),
        ("bytes=9-0", 200, slice(0, None)),
        ("bytes=0-1,5-6", 200, slice(0, None)),
        ("bytes=-", 200, slice(0, None)),
        ("rows=0-9", 200, slice(0, None)),
        ("bytes=a-b", 200, slice(0, None)),
        ("", 200, slice(0, None)),
    ],
)
def test_parts(files: Files, content: Content, header: str, status: int, part: slice) -> None:
    found, body = asked(files, content, {"range": header})
    assert (found.status, body) == (status, BODY[part])
    assert found.headers["Content-Length"] == str(len(body))
    if status == 206:
        start = part.indices(len(BODY))[0]
        assert found.headers["Content-Range"] == f"bytes {start}-{start + len(body) - 1}/{len(BODY)}"
    if status == 416:
        assert found.headers["Content-Range"] == f"bytes */{len(BODY)}"


def test_what_is_known_is_not_sent_again(files: Files, content: Content) -> None:
    assert asked(files, content, {"if-none-match": f'"other", {content.etag}'})[0].status == 304
    assert asked(files, content, {"if-none-match": '"other"'})[0].status == 200


def test_a_part_of_what_has_changed_is_the_whole(files: Files, content: Content) -> None:
    assert asked(files, content, {"range": "bytes=0-9", "if-range": content.etag})[0].status == 206
    assert asked(files, content, {"range": "bytes=0-9", "if-range": '"other"'})[0].status == 200


@given(st.text(max_size=40), st.integers(0, 1_000))
def test_a_part_lies_within(text: str, size: int) -> None:
    for header in (text, f"bytes={text}"):
        found = span(header, size)
        assert found is None or 0 <= found[0] <= found[1] <= size


@given(st.text(max_size=60))
def test_no_name_breaks_out_of_its_header(name: str) -> None:
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
