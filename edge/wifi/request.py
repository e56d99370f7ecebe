"""Bounded HTTP for what is asked on site: one connection, a limit on each answer; h11 speaks the protocol."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import SplitResult, urlsplit

import msgspec

_READ: Final = 65_536  # bytes taken from the line at once
_HEAD: Final = 32_768  # bytes of an answer's head


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a server answered."""

    status: int
    body: bytes = b""


class Connection:
    """One connection to the server that a URL names, opened when first needed, and anew where it was closed.

    Raises OSError for whatever goes wrong: refused, cut off, no HTTP, too large. Its callers limit the time.
    """

    def __init__(self, url: str, *, trust: Path | None = None, pin: Path | None = None) -> None:
        """`trust`: authorities to believe; `pin`: the one certificate to believe, whatever it says."""
        self._url: SplitResult = urlsplit(url)
        self._trust = trust
        self._pin = pin
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._state: Any = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def ask(
        self,
        method: str = "GET",
        body: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        limit: int,
    ) -> Answer:
        """One question, its whole answer of at most `limit` bytes."""
        parts: list[bytes] = []
        status = size = 0
        async with contextlib.aclosing(self.stream(method, body, headers=headers)) as answer:
            async for code, piece in answer:
                status, size = code, size + len(piece)
                if size > limit:
                    raise OSError(f"an answer of more than {limit} bytes")
                parts.append(piece)
        return Answer(status=status, body=b"".join(parts))

    async def stream(
        self, method: str = "GET", body: bytes = b"", *, headers: Mapping[str, str] | None = None
    ) -> AsyncGenerator[tuple[int, bytes], None]:
        """Status and each piece of the answer as it comes, the first of them empty."""
        import h11

        try:
            await self._open()
            await self._send(method, body, headers or {})
            status = 0
            while True:
                event = await self._next()
                if isinstance(event, h11.Response):
                    status = event.status_code
                    yield status, b""
                elif isinstance(event, h11.Data):
                    yield status, bytes(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    return
                elif isinstance(event, h11.ConnectionClosed):
                    raise OSError("the connection was closed")
        except h11.ProtocolError as error:
            raise OSError(f"no HTTP: {error}") from None
        finally:
            if self._state and self._state.our_state is self._state.their_state is h11.DONE:
                self._state.start_next_cycle()
            else:
                self.close()

    def close(self) -> None:
        """Cut the connection, if there is one."""
        if self._streams:
            self._streams[1].transport.abort()
        self._streams = self._state = None

    async def _open(self) -> None:
        import h11

        if self._streams and not self._streams[0].at_eof():
            return
        self.close()
        secure = self._url.scheme == "https"
        self._streams = await asyncio.open_connection(
            self._url.hostname,
            self._url.port or (443 if secure else 80),
            ssl=self._context() if secure else None,
        )
        if secure and self._pin:
            self._recognise(self._pin)
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._trust)
        if self._pin:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE  # the certificate itself is compared, right after
        return context

    def _recognise(self, pin: Path) -> None:
        wanted = pin.read_bytes()
        if b"-----BEGIN" in wanted:
            wanted = ssl.PEM_cert_to_DER_cert(wanted.decode("ascii", "replace").strip())
        peer = self._streams[1].get_extra_info("ssl_object") if self._streams else None
        if peer is None or peer.getpeercert(binary_form=True) != wanted:
            self.close()
            raise OSError("the certificate is not the one of certificate_file")

    async def _send(self, method: str, body: bytes, headers: Mapping[str, str]) -> None:
        import h11

        target = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        lines = {
            "Host": self._url.netloc,
            "User-Agent": "imm-edge",
            "Accept-Encoding": "identity",
            "Content-Length": str(len(body)),
            **headers,
        }
        data = self._state.send(h11.Request(method=method, target=target, headers=list(lines.items())))
        data += self._state.send(h11.Data(data=body)) if body else b""
        data += self._state.send(h11.EndOfMessage())
        writer = self._streams[1] if self._streams else None
        if writer is None:
            raise OSError("the connection was closed")
        writer.write(data)
        await writer.drain()

    async def _next(self) -> Any:
        import h11

        while (event := self._state.next_event()) is h11.NEED_DATA:
            if self._streams is None:
                raise OSError("the connection was closed")
            self._state.receive_data(await self._streams[0].read(_READ))
        return event
