"""A certificate signing request, read and looked at: what is not right is refused with the reason."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from contracts.enrolment import LARGEST_CSR, urn
from contracts.errors import Refused

_CURVES: Final = (ec.SECP256R1, ec.SECP384R1)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request that holds: its sender has the private key."""

    key: bytes  # the public key, DER
    digest: str  # SHA-256 of the request's DER form, hex: tells a repetition from another request
    name: str  # the common name that it asks for; empty: whatever it is given
    uris: tuple[str, ...]  # further names that it asks for

    @property
    def key_digest(self) -> str:
        """SHA-256 of the public key, hex."""
        return hashlib.sha256(self.key).hexdigest()

    def named(self, device: str) -> None:
        """Make sure that it asks for no other name than this device's. Raises Refused."""
        if self.name not in ("", device):
            raise Refused("csr", self.name, f"it asks for another name: this is {device}")
        for uri in self.uris:
            if uri != urn(device):
                raise Refused("csr", uri, f"it asks for another name: this is {urn(device)}")


def read(pem: str) -> Request:
    """PEM → request. Raises Refused: damaged, too large, a weak key, a signature that is not the key's."""
    if len(pem) > LARGEST_CSR:
        raise Refused("csr", f"{len(pem)} characters", f"at most {LARGEST_CSR}")
    try:
        found = x509.load_pem_x509_csr(pem.encode("ascii"))
        key = found.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, _CURVES):
            raise Refused("csr", type(key).__name__, "weak or unknown key: make an ECDSA key on P-256")
        signed = found.is_signature_valid
        name, uris = _name(found), _uris(found)
    except (ValueError, UnsupportedAlgorithm, InvalidSignature, TypeError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused("csr", "(not shown)", "no certificate signing request in PEM (PKCS #10)") from None
    if not signed:
        raise Refused("csr", "(not shown)", "its signature is not by its key: whoever sent it lacks the key")
    return Request(
        key=key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        digest=hashlib.sha256(found.public_bytes(Encoding.DER)).hexdigest(),
        name=name,
        uris=uris,
    )


def _name(found: x509.CertificateSigningRequest) -> str:
    names = [attribute for attribute in found.subject if attribute.oid == NameOID.COMMON_NAME]
    if len(names) > 1 or len(list(found.subject)) > len(names):
        raise Refused("csr", found.subject.rfc4514_string(), "its subject is a common name and nothing more")
    return str(names[0].value) if names else ""


def _uris(found: x509.CertificateSigningRequest) -> tuple[str, ...]:
    """Names in its extensions; one that asks for more than names gets nothing."""
    uris: list[str] = []
    for extension in found.extensions:
        if not isinstance(extension.value, x509.SubjectAlternativeName):
            raise Refused("csr", extension.oid.dotted_string, "it asks for more than a name")
        for one in extension.value:
            if not isinstance(one, x509.UniformResourceIdentifier):
                raise Refused("csr", str(one.value), "a device has no other names than its URN")
            uris.append(one.value)
    return tuple(uris)
