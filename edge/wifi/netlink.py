"""Questions to the kernel by netlink: one request, a bounded dump as answer. Messages are pyroute2's."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final, Self

_HEADER: Final = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_REQUEST, _ACK, _DUMP, _INTERRUPTED = 0x1, 0x4, 0x300, 0x10
_ERROR, _DONE, _SMALLEST = 0x2, 0x3, 0x10
_GENERIC: Final = 16  # the protocol; Python has no name for it
_CONTROLLER: Final = 0x10  # the family that knows the numbers of the others
_LARGEST: Final = 1 << 17  # bytes of one datagram; the kernel sends dumps in parts of at most 32 KiB
_MOST: Final = 20_000  # messages of one dump
_PATIENCE: Final = 2.0  # seconds; the kernel answers at once, or a driver hangs


class Generic:
    """One conversation with a family of generic netlink. Blocks, but not for ever. Raises OSError."""

    def __init__(self, family: str, message: type[Any], *, wire: socket.socket | None = None) -> None:
        self._wire = wire or socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _GENERIC)
        self._message = message
        self._sequence = 0
        try:
            self._wire.settimeout(_PATIENCE)
            if wire is None:
                self._wire.bind((0, 0))
            self._number = self._family(family)
        except BaseException:  # also a cancel: leave no socket open
            self._wire.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._wire.close()

    def dump(self, command: int, attributes: Mapping[str, object]) -> Iterator[Any]:
        """All that the kernel tells in answer to a command."""
        request = self._message()
        request["cmd"] = command
        request["attrs"] = list(attributes.items())
        yield from self._ask(request, self._number, self._message, _REQUEST | _DUMP)

    def _family(self, name: str) -> int:
        from pyroute2.netlink.generic import CTRL_CMD_GETFAMILY, ctrlmsg

        request = ctrlmsg()
        request["cmd"] = CTRL_CMD_GETFAMILY
        request["version"] = 1
        request["attrs"] = [("CTRL_ATTR_FAMILY_NAME", name)]
        for found in self._ask(request, _CONTROLLER, ctrlmsg, _REQUEST | _ACK):
            number = found.get_attr("CTRL_ATTR_FAMILY_ID")
            if number is not None:
                return int(number)
        raise OSError(f"the kernel does not know {name}")

    def _ask(self, request: Any, kind: int, answer: type[Any], flags: int) -> Iterator[Any]:
        self._sequence += 1
        request["header"]["type"] = kind
        request["header"]["flags"] = flags
        request["header"]["sequence_number"] = self._sequence
        request.encode()
        self._wire.send(bytes(request.data))
        number = 0
        while True:
            for found, interrupted, body in self._messages(self._wire.recv(_LARGEST)):
                if interrupted:
                    raise OSError("the list changed while it was read")
                if found == _DONE:
                    return
                if found == _ERROR:
                    if code := struct.unpack_from("=i", body, _HEADER.size)[0]:
                        raise OSError(-code, os.strerror(-code))
                    return
                if found < _SMALLEST:
                    continue
                number += 1
                if number > _MOST:
                    raise OSError(f"an answer of more than {_MOST} messages")
                yield _decoded(answer, body)

    def _messages(self, data: bytes) -> Iterator[tuple[int, bool, bytes]]:
        offset = 0
        while offset + _HEADER.size <= len(data):
            length, kind, flags, sequence, _ = _HEADER.unpack_from(data, offset)
            if length < _HEADER.size + (4 if kind == _ERROR else 0) or offset + length > len(data):
                raise OSError("a message that is cut off")
            if sequence == self._sequence:  # an earlier question's answer may still be on its way
                yield kind, bool(flags & _INTERRUPTED), data[offset : offset + length]
            offset += (length + 3) & ~3


def _decoded(answer: type[Any], body: bytes) -> Any:
    """Raises OSError, whatever the library raises at bytes that it cannot read."""
    message = answer(body)
    try:
        message.decode()
        message.get("attrs")
    except Exception as error:  # noqa: BLE001  # struct.error, KeyError, its own: bytes that make no sense
        raise OSError(f"a message that cannot be read ({type(error).__name__})") from None
    return message
