"""ubus by JSON-RPC over HTTP, as OpenWrt's uhttpd speaks it: a session that renews itself, typed answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import msgspec

from edge.wifi.request import Connection

T = TypeVar("T")
_LARGEST: Final = 1 << 20  # bytes of one answer
_NOBODY: Final = "0" * 32  # the session of who has none
_EXPIRED: Final = -32_002  # "access denied": not this session any more, or not to it
_REASONS: Final = {
    2: "invalid argument",
    3: "no such method",
    4: "not found",
    5: "no data",
    6: "not permitted",
}


class _Error(msgspec.Struct):
    code: int = 0


class _Reply(msgspec.Struct):
    result: Any = None
    error: _Error | None = None


class _Login(msgspec.Struct):
    ubus_rpc_session: str


class Refused(OSError):
    """The access point answered, and did not do it."""


class _Denied(Refused):
    """It does not know this session, or not for this."""


class Ubus:
    """One access point. Raises OSError for whatever goes wrong, in words without its answer."""

    def __init__(
        self,
        address: str,
        user: str,
        password: str,
        *,
        trust: Path | None = None,
        pin: Path | None = None,
    ) -> None:
        self._user = user
        self._password = password
        self._connection = Connection(address, trust=trust, pin=pin)
        self._session = ""
        self._number = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Cut the connection; the session ends by itself."""
        self._connection.close()

    async def objects(self, pattern: str) -> list[str]:
        """Paths that fit a pattern."""
        found = await self._send("list", [pattern], pattern)
        if not isinstance(found, dict):
            raise OSError(f"list {pattern}: an answer that makes no sense")
        return [path for path in found if isinstance(path, str)]

    async def call(self, path: str, method: str, kind: type[T], **arguments: object) -> T:
        """What a method returns; the session is opened, or opened anew, where that is needed."""
        if not self._session:
            await self._login()
        try:
            return await self._call(self._session, path, method, kind, arguments)
        except _Denied:
            await self._login()
            return await self._call(self._session, path, method, kind, arguments)

    async def _login(self) -> None:
        self._session = ""
        arguments = {"username": self._user, "password": self._password}
        try:
            answer = await self._call(_NOBODY, "session", "login", _Login, arguments)
        except Refused:
            raise OSError(f"it does not let {self._user} in: look at user and password") from None
        self._session = answer.ubus_rpc_session

    async def _call(
        self, session: str, path: str, method: str, kind: type[T], arguments: Mapping[str, object]
    ) -> T:
        what = f"{path} {method}"
        result = await self._send("call", [session, path, method, arguments], what)
        if not isinstance(result, list) or not result or not isinstance(result[0], int):
            raise OSError(f"{what}: an answer that makes no sense")
        if result[0]:
            raise Refused(f"{what}: {_REASONS.get(result[0], f'error {result[0]}')}")
        try:
            return msgspec.convert(result[1] if len(result) > 1 else {}, kind)
        except msgspec.ValidationError as error:
            raise OSError(f"{what}: {error}") from None

    async def _send(self, method: str, parameters: list[object], what: str) -> Any:
        self._number += 1
        request = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": parameters}
        headers = {"Content-Type": "application/json"}
        body = msgspec.json.encode(request)
        answer = await self._connection.ask("POST", body, headers=headers, limit=_LARGEST)
        if answer.status != 200:
            raise OSError(f"{what}: status {answer.status}")
        try:
            reply = msgspec.json.decode(answer.body, type=_Reply)
        except (msgspec.DecodeError, RecursionError):
            raise OSError(f"{what}: no JSON-RPC") from None
        if reply.error:
            if reply.error.code == _EXPIRED:
                raise _Denied(f"{what}: not permitted")
            raise Refused(f"{what}: error {reply.error.code}")
        return reply.result
