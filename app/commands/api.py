"""Asking a running platform: what reads data goes through its API, since one process owns the store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import click
import httpx

from app.identities import KEY
from app.settings import load
from contracts import instants
from runtime.cli import Failure

VARIABLE: Final = "IMM_API_KEY"
DEFAULT: Final = "http://127.0.0.1:8600"
ZONE: Final = ZoneInfo("Asia/Jakarta")
Command = TypeVar("Command", bound=Callable[..., Any])


def api_option(command: Command) -> Command:
    """Add `--api URL` (argument `api`)."""
    return click.option(
        "--api", envvar="IMM_API_URL", default=DEFAULT, show_default=True, help="Address of the platform."
    )(command)


def call(api: str, method: str, path: str, **options: Any) -> Any:
    """One request, its JSON answer. Raises Failure that says what to do."""
    headers = dict(options.pop("headers", {}))
    if known := _key():
        headers["Authorization"] = f"Bearer {known}"
    try:
        answer = httpx.request(method, f"{api.rstrip('/')}{path}", timeout=60, headers=headers, **options)
    except httpx.HTTPError as error:
        raise Failure(
            f"no answer from {api}",
            str(error) or type(error).__name__,
            "start the platform with `imm up`, or name its address with --api",
        ) from None
    if answer.is_error:
        raise _problem(answer)
    return answer.json() if answer.content else None


def pages(api: str, path: str, params: dict[str, Any], most: int) -> Iterator[dict[str, Any]]:
    """Items of a paged list, at most `most`."""
    wanted = most
    cursor = ""
    while wanted > 0:
        page = call(
            api,
            "GET",
            path,
            params={**params, "limit": min(wanted, 500), **({"cursor": cursor} if cursor else {})},
        )
        yield from page["items"][:wanted]
        wanted -= len(page["items"])
        cursor = page.get("next") or ""
        if not cursor:
            return


def _key() -> str:
    """By what this command asks: IMM_API_KEY, else what `imm up` left in the data folder; empty: nothing."""
    if told := os.environ.get(VARIABLE, ""):
        return told.strip()
    context = click.get_current_context(silent=True)
    file = load(context).data / KEY if context else None
    try:
        return file.read_text().strip() if file else ""
    except OSError:
        return ""


def shown(micros: int | None) -> str:
    """Instant as people here read it: Asia/Jakarta, to the second; empty for none."""
    return "" if not micros else f"{instants.to_datetime(micros).astimezone(ZONE):%Y-%m-%d %H:%M:%S}"


def instant(text: str | None) -> int | None:
    """Instant as people here write it (Asia/Jakarta where no offset is given) → µs UTC. Raises Failure."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Failure(
            f"{text} is no instant",
            "it is not an ISO 8601 date or time",
            "write 2026-11-24 or 2026-11-24T08:00",
        ) from None
    return instants.from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=ZONE))


def _problem(answer: httpx.Response) -> Failure:
    try:
        told = answer.json()
    except ValueError:
        told = {}
    what = told.get("title") or f"the platform answered {answer.status_code}"
    why = told.get("detail") or answer.reason_phrase
    cure = told.get("cure") or "correct the request, or see the platform's log"
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        cure = f"make a key with `imm apps key` where the platform runs, and set {VARIABLE} to it"
    return Failure(str(what), str(why), str(cure))
