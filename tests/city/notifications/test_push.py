"""Web push: what a push service gets, and what only the browser can read."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from sqlalchemy import func, select

from city.notifications import Channel, Notifications
from city.notifications.errors import Unknown
from city.notifications.settings import Push
from city.notifications.subscriptions import Subscription
from city.notifications.tables import deliveries, pushes
from contracts.errors import Refused
from runtime.settings import Wrong
from tests.city.notifications.office import BUDI, SITI, Office, lite, posting, until
from tests.city.notifications.wire import Endpoint

pytestmark = lite
X962 = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
PATH = "/wpush/v2/s3cret-address"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """Subscribes, and reads what a push service would hand it."""

    def __init__(self, endpoint: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)
        self.subscription = Subscription(
            endpoint=endpoint, p256dh=b64(self._key.public_key().public_bytes(*X962)), auth=b64(self._auth)
        )

    def read(self, body: bytes) -> dict[str, Any]:
        plain = http_ece.decrypt(body, private_key=self._key, auth_secret=self._auth, version="aes128gcm")
        found: dict[str, Any] = json.loads(plain)
        return found


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "vapid.pem"
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(ec.generate_private_key(ec.SECP256R1()).private_bytes(*pem))
    return file


def push(key: Path) -> Push:
    return Push(key_file=key, contact="mailto:imm@cirebon.example", hosts=("127.0.0.1",))


def subscribe(office: Office, of: Notifications, browser: Browser, person: str = SITI) -> str:
    with office.db.begin() as tx:
        return of.subscriptions.add(tx, person, browser.subscription)


def subscribed(office: Office) -> int:
    with office.db.read() as tx:
        return int(tx.execute(select(func.count()).select_from(pushes)).scalar_one())


async def test_only_the_browser_reads_it_and_the_service_knows_us(
    office: Office, endpoint: Endpoint, key: Path
) -> None:
    of = office.wire(push=push(key))
    browser = Browser(endpoint.address + PATH)
    subscribe(office, of, browser)
    notice = office.ask(of, channels=(Channel.PUSH,), urgent=True)
    async with posting(of):
        await until(lambda: office.states(notice)["push"] == "sent")
    ((path, headers, body),) = endpoint.requests
    assert path == PATH
    assert browser.read(body) == {
        "title": "Insiden TGI-2026-000123",
        "body": "Insiden TGI-2026-000123 dibuka 24 November 2026 12.00",
        "link": "https://imm.example/insiden/TGI-2026-000123",
        "notice": notice,
        "urgent": True,
    }
    assert b"TGI" not in body
    assert (headers["urgency"], headers["ttl"], headers["content-encoding"]) == ("high", "86400", "aes128gcm")
    assert len(headers["topic"]) == 32
    signed = dict(part.split("=", 1) for part in headers["authorization"].removeprefix("vapid ").split(","))
    assert signed["k"] == of.push_key
    assert _verified(signed["t"], of.push_key) == {
        "sub": "mailto:imm@cirebon.example",
        "aud": endpoint.address,
        "exp": office.clock.now() // 1_000_000 + 43_200,
    }


def _verified(token: str, public: str) -> dict[str, Any]:
    """Claims of a token that this key signed (ES256)."""
    content, _, signature = token.rpartition(".")
    both = raw(signature)
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(public))
    asn1 = encode_dss_signature(int.from_bytes(both[:32]), int.from_bytes(both[32:]))
    key.verify(asn1, content.encode(), ec.ECDSA(hashes.SHA256()))
    claims: dict[str, Any] = json.loads(raw(content.split(".")[1]))
    return claims


async def test_a_browser_that_is_gone_is_forgotten_and_another_suffices(
    office: Office, endpoint: Endpoint, key: Path
) -> None:
    with Endpoint() as gone:
        gone.answer = 410
        of = office.wire(push=push(key))
        subscribe(office, of, Browser(gone.address + PATH))
        subscribe(office, of, Browser(endpoint.address + PATH))
        first, second = (office.ask(of, channels=(Channel.PUSH,)) for _ in range(2))
        async with posting(of):
            await until(lambda: office.states(first)["push"] == office.states(second)["push"] == "sent")
            assert subscribed(office) == 1
            third = office.ask(of, channels=(Channel.PUSH,))
            await until(lambda: office.states(third)["push"] == "sent")
        assert len(endpoint.requests) == 3
        assert len(gone.requests) <= 2


async def test_the_last_browser_gone_leaves_nothing_to_try(
    office: Office, endpoint: Endpoint, key: Path
) -> None:
    endpoint.answer = 404
    of = office.wire(push=push(key))
    subscribe(office, of, Browser(endpoint.address + PATH))
    notice = office.ask(of, channels=(Channel.PUSH,))
    async with posting(of):
        await until(lambda: office.states(notice)["push"] == "failed")
        assert subscribed(office) == 0
        later = office.ask(of, channels=(Channel.PUSH,))
        await until(lambda: office.states(later)["push"] == "skipped")
    assert office.receipts(later)["push"].error == "no address"


async def test_a_service_that_wants_patience_gets_it(office: Office, endpoint: Endpoint, key: Path) -> None:
    endpoint.answer = 429
    endpoint.headers = {"retry-after": "600"}
    of = office.wire(push=push(key))
    subscribe(office, of, Browser(endpoint.address + PATH))
    notice = office.ask(of, channels=(Channel.PUSH,))
    async with posting(of):
        await until(lambda: office.receipts(notice)["push"].attempts == 1)
    with office.db.read() as tx:
        wake = tx.execute(select(deliveries.c.wake)).scalar_one()
    assert wake - office.clock.now() == pytest.approx(600_000_000, abs=1_000_000)
    assert office.receipts(notice)["push"].error == "the push service answered 429"


async def test_a_redirect_is_not_followed(office: Office, endpoint: Endpoint, key: Path) -> None:
    with Endpoint() as elsewhere:
        endpoint.answer = 307
        endpoint.headers = {"location": elsewhere.address}
        of = office.wire(push=push(key))
        subscribe(office, of, Browser(endpoint.address + PATH))
        notice = office.ask(of, channels=(Channel.PUSH,))
        async with posting(of):
            await until(lambda: office.receipts(notice)["push"].attempts == 1)
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://10.0.0.1/x",
        "https://evil.example/127.0.0.1",
        "http://fcm.googleapis.com/x",
        "https://user@fcm.googleapis.com/x",
        "https://fcm.googleapis.com.evil.example/x",
        "ftp://127.0.0.1/x",
        "https://127.0.0.1/" + "x" * 2_000,
    ],
)
def test_we_go_to_push_services_only(office: Office, key: Path, endpoint: str) -> None:
    of = office.wire(push=Push(key_file=key, contact="mailto:a@b.example"))
    with pytest.raises(Refused) as refused:
        subscribe(office, of, Browser(endpoint))
    assert "user@" not in str(refused.value)


def test_subscriptions_are_few_ones_own_and_sealed(office: Office, key: Path) -> None:
    of = office.wire(push=push(key))
    browsers = [Browser(f"http://127.0.0.1:1{PATH}{number}") for number in range(12)]
    ids = [subscribe(office, of, browser) for browser in browsers]
    assert subscribed(office) == 10
    with office.db.begin() as tx:
        assert of.subscriptions.of(tx, SITI)[ids[-1]] == browsers[-1].subscription
        with pytest.raises(Unknown):
            of.subscriptions.remove(tx, BUDI, ids[-1])
        of.subscriptions.remove(tx, SITI, ids[-1])
    assert subscribed(office) == 9
    subscribe(office, of, browsers[5], person=BUDI)  # another signs in at the same browser
    with office.db.read() as tx:
        assert browsers[5].subscription not in of.subscriptions.of(tx, SITI).values()
        assert list(of.subscriptions.of(tx, BUDI).values()) == [browsers[5].subscription]
        assert len(office.vault.of(tx, SITI)) == 8
    if office.db.lite:
        file = office.db.address.database or ""
        for path in (Path(file), Path(f"{file}-wal")):
            assert b"s3cret-address" not in path.read_bytes()


def test_a_key_that_is_none_is_told_at_the_start(office: Office, tmp_path: Path, key: Path) -> None:
    with pytest.raises(Wrong, match=r"push\.contact"):
        office.wire(push=Push(key_file=key))
    with pytest.raises(Wrong, match=r"push\.key_file.*No such file"):
        office.wire(push=push(tmp_path / "none.pem"))
    (tmp_path / "bad.pem").write_text("no key")
    with pytest.raises(Wrong, match="openssl"):
        office.wire(push=push(tmp_path / "bad.pem"))
    assert not (tmp_path / "none.pem").exists()
