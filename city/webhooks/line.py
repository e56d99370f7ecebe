"""The connections to one receiver: to checked addresses only, no redirects, limits on time and size."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final

import httpx
import msgspec

from city.webhooks.errors import Away
from city.webhooks.guard import Guard, name
from city.webhooks.settings import Settings

KEPT: Final = 30.0  # seconds that an unused connection stays open


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver answered."""

    status: int
    retry_after: str = ""
    text: str = ""  # its beginning, where it refused


class Line:
    """One receiver's own connections; closed when nothing is to be told."""

    def __init__(
        self, url: str, guard: Guard, settings: Settings, tls: ssl.SSLContext, *, parallel: int
    ) -> None:
        self._url = httpx.URL(url)
        self._guard = guard
        self._settings = settings
        self._host = self._url.netloc.decode("ascii")
        self._name = name(self._url)
        self._turn = 0  # of a receiver with several addresses, the one that is asked
        self._client = httpx.AsyncClient(
            verify=tls,
            trust_env=False,  # a proxy would resolve names itself
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=settings.connect),  # the whole has its limit in `post`
            limits=httpx.Limits(max_connections=parallel, keepalive_expiry=KEPT),
            headers={"user-agent": "imm-webhooks/1", "accept-encoding": "identity"},
        )

    async def post(self, headers: Mapping[str, str], body: str) -> Answer:
        """One attempt. Raises Away where there is no answer."""
        try:
            async with asyncio.timeout(self._settings.limit):
                return await self._post(headers, body)
        except TimeoutError:
            raise Away(f"no answer within {self._settings.limit:g} s") from None
        except httpx.HTTPError as error:
            self._guard.forget(self._url)
            self._turn += 1
            raise Away(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _post(self, headers: Mapping[str, str], body: str) -> Answer:
        found = await self._guard.addresses(self._url)
        request = self._client.build_request(
            "POST",
            self._url.copy_with(host=found[self._turn % len(found)]),
            headers={**headers, "host": self._host},
            content=body,
            extensions={"sni_hostname": self._name},  # the certificate is checked against the name
        )
        response = await self._client.send(request, stream=True)
        try:
            text = await self._beginning(response)
        finally:
            await response.aclose()
        return Answer(
            status=response.status_code,
            retry_after=response.headers.get("retry-after", ""),
            text="" if response.is_success else text.decode(errors="replace"),
        )

    async def _beginning(self, response: httpx.Response) -> bytes:
        """As much of the answer as is read; whoever sends more loses the connection."""
        text = b""
        async for piece in response.aiter_raw():
            text += piece
            if len(text) > self._settings.answer:
                break
        return text[:500]
