"""A sealed content opens as a whole and in parts, and not at all where anything was changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.files import seal

KEY = seal.new_key()


def opened(cipher: bytes, key: bytes, content: int, start: int, end: int) -> bytes:
    return b"".join(seal.open_part(lambda a, b: cipher[a:b], key, content, start, end))


@pytest.mark.parametrize("size", [0, 1, seal.CHUNK - 1, seal.CHUNK, seal.CHUNK + 1, 3 * seal.CHUNK + 7])
def test_sizes_around_a_chunk(size: int) -> None:
    body = bytes(i % 251 for i in range(size))
    cipher = seal.seal(body, KEY)
    assert len(cipher) == seal.size(size)
    assert opened(cipher, KEY, size, 0, size) == body


@given(st.data())
def test_any_part(data: st.DataObject) -> None:
    size = data.draw(st.integers(0, 200_000))
    body = bytes(i % 251 for i in range(size))
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size))
    assert opened(seal.seal(body, KEY), KEY, size, start, end) == body[start:end]


def test_nothing_of_the_content_shows() -> None:
    assert b"3274010101010001" not in seal.seal(b"NIK 3274010101010001 " * 100, KEY)
    assert seal.seal(b"x", KEY) != seal.seal(b"x", seal.new_key())


@pytest.mark.parametrize("place", [0, 8, 70_000, -1])
def test_a_changed_byte_shows(place: int) -> None:
    body = bytes(150_000)
    cipher = bytearray(seal.seal(body, KEY))
    cipher[place] ^= 1
    if place == 0:
        cipher[8] ^= 1  # the mark is not read, but each chunk is bound to it
    with pytest.raises(ValueError, match="does not open"):
        opened(bytes(cipher), KEY, len(body), 0, len(body))


def test_chunks_may_not_change_places_nor_be_left_out() -> None:
    size = 3 * seal.CHUNK
    cipher = seal.seal(bytes(size), KEY)
    step = seal.CHUNK + 16
    head, one, two, three = (
        cipher[:8],
        cipher[8 : 8 + step],
        cipher[8 + step : 8 + 2 * step],
        cipher[8 + 2 * step :],
    )
    with pytest.raises(ValueError, match="chunk 0"):
        opened(head + two + one + three, KEY, size, 0, size)
    with pytest.raises(ValueError, match="chunk 1"):
        opened(head + one + two, KEY, 2 * seal.CHUNK, 0, 2 * seal.CHUNK)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(ValueError, match="chunk 0"):
        opened(seal.seal(b"x", KEY), seal.new_key(), 1, 0, 1)
