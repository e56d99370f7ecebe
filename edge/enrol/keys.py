"""Keys and requests, made on the device. cryptography is loaded when one is made, not before."""

from __future__ import annotations

import msgspec

from contracts import instants


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A private key and the request for its certificate."""

    key: bytes  # PEM, for this device alone
    request: str  # PEM


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What a device has to know of a chain's first certificate."""

    device: str
    serial: str  # hex
    ends: int  # µs UTC


def make(device: str = "") -> Pair:
    """A fresh pair; without `device` the request asks for whatever name the claim gives."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.NameAttribute(NameOID.COMMON_NAME, device)] if device else []
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    return Pair(
        key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        request=request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode(),
    )


def read(chain: str, key: bytes) -> Certificate:
    """The chain's first certificate, where it is this key's. Raises ValueError."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509.oid import NameOID

    leaf = x509.load_pem_x509_certificate(chain.encode())
    if load_pem_private_key(key, None).public_key() != leaf.public_key():
        raise ValueError("the certificate is another key's")
    (name,) = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Certificate(
        device=str(name.value),
        serial=f"{leaf.serial_number:x}",
        ends=instants.from_datetime(leaf.not_valid_after_utc),
    )


def pin(certificate: bytes) -> str:
    """DER certificate → SHA-256 of its public key, hex."""
    import hashlib

    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = x509.load_der_x509_certificate(certificate).public_key()
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
