"""The server: writing through influxdb-client, InfluxQL over HTTP, and whose errors leave this place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from store import errors
from store.influx.lines import Lines
from store.settings import Influx

_DROPPED: Final = re.compile(r"dropped=(\d+)")
_MICROSECONDS: Any = WritePrecision.US  # the client types its constants as strings
_SLOW: Final = 6  # a query may take so many times as long as a write
_BUSY: Final = (408, 429, 502, 503, 504)


class Statement(msgspec.Struct, frozen=True):
    """One table of an answer."""

    columns: list[str]
    values: list[list[Any]] = []
    name: str = ""
    tags: dict[str, str] = {}


class _Result(msgspec.Struct, frozen=True):
    series: list[Statement] = []
    error: str = ""


class _Answer(msgspec.Struct, frozen=True):
    results: list[_Result] = []
    error: str = ""
    message: str = ""


class Server:
    """One server and bucket. Methods are safe in threads."""

    def __init__(self, settings: Influx) -> None:
        self._settings = settings
        token = _token(settings.token_file)
        self._client = InfluxDBClient(
            url=settings.url,
            token=token,
            org=settings.org,
            timeout=int(settings.timeout * 1000),
            enable_gzip=settings.gzip,
        )
        self._writes = self._client.write_api(write_options=SYNCHRONOUS)
        self._queries = httpx.Client(
            base_url=settings.url,
            headers={"Authorization": f"Token {token}"} if token else {},
            timeout=settings.timeout * _SLOW,
        )
        self._decoder = msgspec.json.Decoder(_Answer)

    def write(self, lines: Lines) -> dict[int, str]:
        """Store lines in their order, a request at a time; return those never to be taken, and why."""
        refused: dict[int, str] = {}
        for first in range(0, len(lines), self._settings.lines):
            self._part(lines, first, min(first + self._settings.lines, len(lines)), refused)
        return refused

    def _part(self, lines: Lines, first: int, last: int, refused: dict[int, str]) -> None:
        """Store first ≤ i < last; find by halves what the server refuses: it stores the others."""
        reason = self._send(lines, first, last)
        if not reason:
            return
        dropped = _DROPPED.search(reason)
        if last - first == 1 or (dropped and int(dropped[1]) == last - first):
            refused.update(dict.fromkeys(range(first, last), reason))
            return
        half = (first + last) // 2
        self._part(lines, first, half, refused)
        self._part(lines, half, last, refused)

    def _send(self, lines: Lines, first: int, last: int) -> str:
        """Store first ≤ i < last in one request; return the reason where some were refused."""
        try:
            self._writes.write(
                bucket=self._settings.bucket, record=lines.body(first, last), write_precision=_MICROSECONDS
            )
        except ApiException as error:
            reason = _reason(error.body)
            if error.status in (400, 422):
                return reason
            if error.status == 413 and last - first > 1:
                half = (first + last) // 2
                return self._send(lines, first, half) or self._send(lines, half, last)
            raise self._failure(error.status or 0, reason, dict(error.headers or {})) from error
        except (HTTPError, OSError) as error:
            raise errors.Retry(f"InfluxDB at {self._settings.url} does not answer: {error}") from error
        return ""

    def query(self, text: str) -> list[list[Statement]]:
        """Answers of one or several InfluxQL statements, times in µs."""
        try:
            answer = self._queries.post("/query", data={"db": self._settings.bucket, "epoch": "u", "q": text})
        except httpx.HTTPError as error:
            raise errors.Retry(f"InfluxDB at {self._settings.url} does not answer: {error!r}") from error
        if answer.status_code != httpx.codes.OK:
            raise self._failure(answer.status_code, _reason(answer.text), dict(answer.headers))
        decoded = self._decoder.decode(answer.content)
        for result in decoded.results:
            if result.error:
                raise self._query_failure(result.error)
        return [result.series for result in decoded.results]

    def _query_failure(self, reason: str) -> errors.Failure:
        if "database not found" in reason:
            return self._failure(404, reason, {})
        if "timeout" in reason or "interrupted" in reason:
            return errors.Retry(f"InfluxDB: {reason}")
        return errors.Failure(f"InfluxDB refuses a query: {reason}")

    def _failure(self, status: int, reason: str, headers: dict[str, str]) -> errors.Failure:
        settings = self._settings
        if status in (401, 403):
            return errors.Gone(
                f"InfluxDB at {settings.url} refuses the token ({reason})",
                cure="put one that may read and write the bucket into the file of store.influx.token_file",
            )
        if status == 404:
            return errors.Gone(
                f"InfluxDB at {settings.url} has no bucket {settings.bucket} ({reason})",
                cure="create it, or name another in store.influx.bucket and store.influx.org",
            )
        if status in _BUSY or status >= 500:
            wait = headers.get("Retry-After", "")
            return errors.Retry(f"InfluxDB: {status} {reason}", after=float(wait) if wait.isdigit() else 1.0)
        return errors.Failure(f"InfluxDB: {status} {reason}")

    def close(self) -> None:
        """Let go of the connections."""
        self._writes.close()
        self._client.close()
        self._queries.close()


def _token(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text().strip()
    except OSError as error:
        raise errors.Gone(
            f"the token of InfluxDB cannot be read: {error}",
            cure="set store.influx.token_file to a readable file",
        ) from error


def _reason(body: object) -> str:
    """The server's words, of either generation."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")
    try:
        answer = msgspec.json.decode(text.encode(), type=_Answer)
    except msgspec.MsgspecError:
        return text.strip()[:500]
    return (answer.error or answer.message or text)[:500]
