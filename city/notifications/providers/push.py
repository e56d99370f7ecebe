"""Web push to browsers (RFC 8030): encrypted for the browser, signed with the city's key (VAPID)."""

from __future__ import annotations

import base64
import hashlib
import logging
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from pywebpush import Vapid, WebPusher

from city.notifications.errors import Away, Failure, Gone, Undeliverable
from city.notifications.model import Channel, Message
from city.notifications.settings import Push
from city.notifications.subscriptions import Subscription
from city.outbox.backoff import retry_after
from contracts.instants import SECOND
from runtime.clock import Clock
from runtime.settings import Wrong

_LASTS: Final = 12 * 3_600  # seconds for which a signature holds; 24 h at most (RFC 8292)
_LONGEST: Final = 1_000  # characters of the text: all must fit into 4 KiB
_GONE: Final = (404, 410)
_NEVER: Final = (400, 413)


class WebPush:
    """All push services, by the addresses that browsers gave."""

    name = "push"
    channel = Channel.PUSH
    per_minute = 0
    addressed = True

    def __init__(self, given: Push, *, clock: Clock) -> None:
        """Raises Wrong."""
        self.at_once = given.at_once
        self.limit = given.limit
        self._keep = given.keep
        self._clock = clock
        self._contact = given.contact
        if not given.contact.startswith(("mailto:", "https://")):
            cure = "name whom a push service may write to: mailto:… or https://…"
            raise Wrong("notifications.push.contact", given.contact, "is none", cure)
        self._key = _read(given)
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log addresses, which are secrets

    @property
    def public(self) -> str:
        """What a browser needs to subscribe: `applicationServerKey`, in base64url."""
        form = serialization.PublicFormat.UncompressedPoint
        point = self._key.public_key.public_bytes(serialization.Encoding.X962, form)
        return base64.urlsafe_b64encode(point).decode().rstrip("=")

    def send(self, message: Message, address: str) -> None:
        """To one browser; `address` is its Subscription in JSON. Raises Away, Gone, Undeliverable."""
        found = msgspec.json.decode(address, type=Subscription)
        body = _encrypted(found, message)
        headers = {**self._signed(found.endpoint), **_headers(message), "ttl": str(self._keep)}
        try:
            # No redirects: we go where a push service is, and nowhere else.
            answer = httpx.post(found.endpoint, content=body, headers=headers, timeout=self.limit)
        except httpx.HTTPError as error:  # its words may hold the address, which is a secret
            raise Away(f"the push service does not answer: {type(error).__name__}") from None
        if not answer.is_success:
            raise self._failure(answer)

    def _signed(self, endpoint: str) -> dict[str, str]:
        parts = urlsplit(endpoint)
        claims = {
            "sub": self._contact,
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": self._clock.now() // SECOND + _LASTS,
        }
        signed: dict[str, str] = self._key.sign(claims)
        return signed

    def _failure(self, answer: httpx.Response) -> Failure:
        reason = f"the push service answered {answer.status_code}"
        if answer.status_code in _GONE:
            return Gone(reason)
        if answer.status_code in _NEVER:
            return Undeliverable(reason)
        after = retry_after(answer.headers.get("retry-after", ""), self._clock.now())
        return Away(reason, after=after)


def _encrypted(found: Subscription, message: Message) -> bytes:
    info = {"endpoint": found.endpoint, "keys": {"p256dh": found.p256dh, "auth": found.auth}}
    try:
        body: bytes = WebPusher(info).encode(_payload(message), "aes128gcm")["body"]
    except Exception:  # noqa: BLE001 - keys of a stranger's browser may be wrong in any way
        raise Gone("the browser's keys are none") from None
    return body


def _headers(message: Message) -> dict[str, str]:
    # The same notice again replaces itself while the browser is off.
    topic = base64.urlsafe_b64encode(hashlib.sha256(message.notice.encode()).digest()[:24]).decode()
    urgency = "high" if message.urgent else "normal"
    return {"content-encoding": "aes128gcm", "urgency": urgency, "topic": topic}


def _payload(message: Message) -> bytes:
    shown = {
        "title": message.title[:200],
        "body": message.short[:_LONGEST],
        "link": message.link,
        "notice": message.notice,
        "urgent": message.urgent,
    }
    return msgspec.json.encode(shown)


def _read(given: Push) -> Vapid:
    setting, file = "notifications.push.key_file", given.key_file or Path()
    cure = "make one: openssl ecparam -name prime256v1 -genkey -noout -out FILE"
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except OSError as error:
        raise Wrong(setting, file, error.strerror or str(error), "name a file that can be read") from None
    except (ValueError, TypeError):
        raise Wrong(setting, file, "is no private key in PEM", cure) from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise Wrong(setting, file, "is no key on P-256", cure)
    return Vapid(key)
