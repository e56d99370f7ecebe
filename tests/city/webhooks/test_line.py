"""One post over TLS: to the address that was checked, under the name that the certificate must have."""

import datetime as dt
import ssl
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from city.webhooks.errors import Away
from city.webhooks.guard import Guard
from city.webhooks.line import Line
from city.webhooks.settings import Settings
from runtime.clock import System
from tests.city.webhooks.receiver import receiving, reply

SETTINGS = Settings(allow=("127.0.0.0/8",), limit=5.0)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of `hook.test`, signed by itself; with its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hook.test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hook.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "hook.pem"
    pem = serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(plain + made.public_bytes(pem))
    return file


def line(url: str, tls: ssl.SSLContext) -> Line:
    async def resolve(_host: str) -> Sequence[str]:
        return ["127.0.0.1"]

    return Line(url, Guard(SETTINGS.allow, System(), resolve=resolve), SETTINGS, tls, parallel=1)


async def test_the_name_is_shown_and_checked_though_the_address_is_called(certificate: Path) -> None:
    here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    here.load_cert_chain(certificate)
    there = ssl.create_default_context(cafile=str(certificate))
    async with receiving(tls=here) as app:
        mine = line(f"https://hook.test:{app.port}/x?y=1", there)
        other = line(f"https://other.test:{app.port}/x", there)
        stranger = line(f"https://hook.test:{app.port}/x", httpx.create_ssl_context())
        try:
            answer = await mine.post({"webhook-id": "k"}, "{}")
            with pytest.raises(Away, match="mismatch"):
                await other.post({"webhook-id": "k"}, "{}")
            with pytest.raises(Away, match="certificate verify failed"):
                await stranger.post({"webhook-id": "k"}, "{}")
        finally:
            for one in (mine, other, stranger):
                await one.close()
    assert answer.status == 204
    (got,) = app.got
    assert (got.path, got.headers["host"]) == ("/x?y=1", f"hook.test:{app.port}")


async def test_what_was_answered_is_told_in_short() -> None:
    async with receiving() as app:
        app.answer(reply(429, "x" * 2_000, retry_after="7"))
        mine = line(f"http://hook.test:{app.port}/", ssl.create_default_context())
        try:
            answer = await mine.post({"webhook-id": "k"}, "{}")
        finally:
            await mine.close()
    assert (answer.status, answer.retry_after, len(answer.text)) == (429, "7", 500)
