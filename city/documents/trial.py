"""A trial authority and signer, for tests and demonstrations; their names say that they prove nothing."""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from contracts import instants
from runtime.clock import Clock

_BITS: Final = 2_048
_DAYS: Final = 730
_FILE: Final = "documents-trial.p12"


class Authority(msgspec.Struct, frozen=True):
    """A root that issues certificates."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def pem(self) -> bytes:
        """Its certificate, for those who are to trust it."""
        return self.certificate.public_bytes(Encoding.PEM)


def authority(clock: Clock, name: str = "CA uji coba IMM") -> Authority:
    """A new root."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=_BITS)
    builder = _builder(clock, _name(name), _name(name), key)
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign=False), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def signer(root: Authority, clock: Clock, *, name: str, password: bytes, stamps: bool = False) -> bytes:
    """PKCS#12 of a new signer; `stamps`: one that signs times instead of documents."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=_BITS)
    builder = _builder(clock, _name(name), root.certificate.subject, key).add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    builder = builder.add_extension(_usage(sign=True), critical=True)
    if stamps:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purpose, critical=True)
    certificate = builder.sign(root.key, hashes.SHA256())
    lock = BestAvailableEncryption(password)
    return pkcs12.serialize_key_and_certificates(name.encode(), key, certificate, [root.certificate], lock)


def kept(folder: Path, clock: Clock) -> tuple[bytes, bytes]:
    """The trial signer of this installation and its password, made at the first call."""
    path = folder / _FILE
    password = b"trial"  # it protects nothing: the key is worth nothing, and lies beside it
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        body = signer(authority(clock), clock, name="UJI COBA, bukan tanda tangan sah", password=password)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(body)
        draft.replace(path)
    return path.read_bytes(), password


def _builder(
    clock: Clock, subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey
) -> x509.CertificateBuilder:
    now = instants.to_datetime(clock.now())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Pemerintah Kota Cirebon (uji coba)"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=sign,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not sign,
        crl_sign=not sign,
        encipher_only=False,
        decipher_only=False,
    )
