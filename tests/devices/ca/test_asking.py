"""Requests that are not right are refused, each for its reason."""

import base64
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from contracts.enrolment import urn
from contracts.errors import Refused
from devices.ca import making, read
from tests.devices.ca.makers import csr, odd, weak


def test_a_right_one_is_read() -> None:
    key = making.key()
    one, other = (read(csr(name, key=key)) for name in ("", "kiosk-07"))
    for request in (one, other):
        request.named("kiosk-07")
    assert one.key_digest == other.key_digest
    assert one.digest != other.digest


@pytest.mark.parametrize(
    "request_, reason",
    [
        (lambda: csr("kiosk-08"), "another name"),
        (lambda: csr("kiosk-07", uris=(urn("kiosk-08"),)), "another name"),
        (lambda: csr("kiosk-07", key=weak()), "weak or unknown"),
        (lambda: csr("kiosk-07", key=odd()), "weak or unknown"),
        (lambda: csr("kiosk-07", key=ed25519.Ed25519PrivateKey.generate()), "weak or unknown"),
        (
            lambda: csr("kiosk-07", more=(x509.BasicConstraints(ca=True, path_length=None),)),
            "more than a name",
        ),
        (lambda: csr("kiosk-07", more=(x509.SubjectAlternativeName([x509.DNSName("x")]),)), "no other names"),
        (lambda: "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "no cert"),
        (lambda: "halo", "no cert"),
        (lambda: "kiosk 💥", "no cert"),
        (lambda: "x" * 5_000, "at most"),
    ],
)
def test_wrong_requests_are_refused(request_: Callable[[], str], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read(request_()).named("kiosk-07")


def test_a_forged_request_is_refused() -> None:
    """Somebody puts his name over another's signature."""
    theirs = x509.load_pem_x509_csr(csr("kiosk-08").encode()).public_bytes(Encoding.DER)
    forged = theirs.replace(b"kiosk-08", b"kiosk-07")
    assert forged != theirs
    pem = base64.encodebytes(forged).decode()
    with pytest.raises(Refused, match="not by its key"):
        read(f"-----BEGIN CERTIFICATE REQUEST-----\n{pem}-----END CERTIFICATE REQUEST-----\n")
