"""Behind a proxy the application hears who asks, and only from a proxy that the settings name."""

import asyncio
import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.processes import http

FORWARDED = {"x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https"}


async def who(request: Request) -> JSONResponse:
    assert request.client
    return JSONResponse([request.client.host, request.url.scheme])


@pytest.mark.parametrize(
    "proxies, seen",
    [
        (("127.0.0.1",), ["203.0.113.7", "https"]),
        (("127.0.0.0/8",), ["203.0.113.7", "https"]),
        (("10.0.0.1",), ["127.0.0.1", "http"]),
        ((), ["127.0.0.1", "http"]),
    ],
)
async def test_only_a_proxy_that_is_named_is_believed(proxies: tuple[str, ...], seen: list[str]) -> None:
    bound = http.listen("api", "127.0.0.1", 0)
    bound.listen()  # whoever comes before it serves waits
    stopping = asyncio.Event()
    app = Starlette(routes=[Route("/", who)])
    serving = asyncio.create_task(http.serve(app, bound, stopping, proxies=proxies))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{bound.getsockname()[1]}") as client:
        answer = await client.get("/", headers=FORWARDED)
    stopping.set()
    await asyncio.wait_for(serving, 30)
    assert json.loads(answer.text) == seen
