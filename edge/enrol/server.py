"""One request to the platform, which must first be the one that the claim names."""

from __future__ import annotations

import hmac
import http.client
import ipaddress
import ssl
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from contracts.enrolment import PATH, Ask, Given
from edge.enrol import keys
from edge.enrol.errors import Away, Failure, Stranger, Turned
from runtime.logs import clean

_PATIENCE: Final = 20.0  # seconds for an answer
_LARGEST: Final = 262_144  # bytes of one
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


def ask(server: str, wanted: Ask, *, pin: str = "", ca_file: Path | None = None) -> Given:
    """What the platform gives. `pin`: of its public key, instead of any authority. Blocks.

    Raises Stranger before anything is told; Away, Turned.
    """
    parts = urlsplit(server)
    connection = _connected(parts.scheme, parts.hostname or "", parts.port, pin=pin, ca_file=ca_file)
    try:
        body = msgspec.json.encode(wanted)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        connection.request("POST", f"{parts.path.rstrip('/')}{PATH}", body, headers)
        answer = connection.getresponse()
        return _given(answer.status, answer.headers.get("Retry-After", ""), answer.read(_LARGEST))
    except (OSError, http.client.HTTPException) as error:
        raise Away(f"{server} does not answer: {clean(str(error) or type(error).__name__)}") from None
    finally:
        connection.close()


def _connected(
    scheme: str, host: str, port: int | None, *, pin: str, ca_file: Path | None
) -> http.client.HTTPConnection:
    if scheme != "https":
        if pin or not _loopback(host):
            raise Stranger(
                f"{host} would be asked without TLS: anybody on the way could read the code",
                "name an address that begins with https://",
            )
        return http.client.HTTPConnection(host, port, timeout=_PATIENCE)
    connection = http.client.HTTPSConnection(
        host, port, timeout=_PATIENCE, context=_context(pin=pin, ca_file=ca_file)
    )
    try:
        connection.connect()
        if pin:
            _pinned(connection, pin)
    except ssl.SSLCertVerificationError as error:
        raise Stranger(
            f"{host} cannot show who it is: {error.verify_message}",
            "use the whole claim, whose pin says whom to believe, or name the authority with --ca",
        ) from None
    except OSError as error:
        raise Away(f"{host} does not answer: {error.strerror or error}") from None
    return connection


def _context(*, pin: str, ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        why = error.strerror or "holds no certificate in PEM"
        raise Failure(f"{ca_file}: {why}", "name a file with the authority's certificate") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if pin:  # the key itself is compared, before a byte of ours is sent
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _pinned(connection: http.client.HTTPConnection, pin: str) -> None:
    shown: Any = connection.sock
    certificate = shown.getpeercert(binary_form=True)
    if certificate is None or not hmac.compare_digest(keys.pin(certificate), pin):
        connection.close()
        raise Stranger(
            "whoever answers has another key than the claim says",
            "ask for a new claim; if it is the same again, somebody stands between: tell the operators",
        )


def _given(status: int, after: str, body: bytes) -> Given:
    if status == http.client.OK:
        try:
            return msgspec.json.decode(body, type=Given)
        except msgspec.MsgspecError as error:
            raise Turned(
                f"the answer cannot be read: {error}", "bring the agent to a newer version"
            ) from None
    told = _problem(body)
    why = clean(str(told.get("detail") or f"the platform answers {status}"))
    if status in _AGAIN:
        raise Away(why, after=float(after) if after.isdecimal() else 2.0)
    raise Turned(why, clean(str(told.get("cure") or "ask whoever gave you the code")))


def _problem(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except msgspec.MsgspecError:
        return {}
    return found if isinstance(found, dict) else {}


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
