"""What an accounting request says, and what is no request at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.wifi.accounting import packets
from edge.wifi.accounting.packets import Kind, Refused
from tests.fixtures.radius import SECRET, signed

START = {40: b"\0\0\0\1", 44: b"s1", 32: b"ap-7"}


@pytest.mark.parametrize(
    "attributes,reason",
    [
        ({44: b"s"}, "status"),
        ({40: b"\1", 44: b"s"}, "status"),
        ({40: b"\0\0\0\1"}, "without an id"),
    ],
)
def test_requests_that_say_nothing_are_refused(attributes: dict[int, bytes], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        packets.read(signed(attributes), SECRET.encode())
    with pytest.raises(Refused, match="no accounting"):
        packets.read(b"\1" + signed(START)[1:], SECRET.encode())
    with pytest.raises(Refused, match="larger"):
        packets.read(bytes(5_000), SECRET.encode())


def test_a_status_of_another_kind_is_answered_and_says_nothing() -> None:
    word, reply = packets.read(signed({40: b"\0\0\0\x0b", 44: b"s"}), SECRET.encode())
    assert word.kind is None
    assert reply[0] == 5


def test_a_forged_message_authenticator_is_seen() -> None:
    from pyrad.packet import AcctPacket

    packet = AcctPacket(id=1, secret=SECRET.encode())
    packet[40], packet[44], packet[80] = [b"\0\0\0\1"], [b"s"], [b"x" * 16]
    with pytest.raises(Refused, match="not signed"):
        packets.read(bytes(packet.RequestPacket()), SECRET.encode())


def test_what_a_word_says_and_does_not_show() -> None:
    word, _ = packets.read(
        signed(
            START, {31: b"02:00:00:00:00:a1", 1: b"budi", 42: b"\0\0\0\7", 52: b"\0\0\0\1", 41: b"\0\0\0\x0a"}
        ),
        SECRET.encode(),
    )
    assert (word.kind, word.received, word.sent, word.delay) == (Kind.START, 2**32 + 7, None, 10)
    assert (word.mac, word.user) == (b"\2\0\0\0\0\xa1", b"budi")
    assert "budi" not in repr(word)


@settings(max_examples=100)
@given(st.binary(max_size=80), st.booleans())
def test_noise_is_refused_and_raises_nothing_else(noise: bytes, headed: bool) -> None:
    length = 20 + len(noise)
    data = (b"\4\1" + length.to_bytes(2, "big") + bytes(16) if headed else b"") + noise
    with pytest.raises(Refused):
        packets.read(data, b"secret")
