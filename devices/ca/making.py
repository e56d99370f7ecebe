"""Keys and certificates made: root, intermediate, a device's, a broker's, and lists of what is revoked."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from contracts import instants
from contracts.enrolment import urn
from contracts.instants import DAY, HOUR

ROOT_DAYS: Final = 20 * 365
INTERMEDIATE_DAYS: Final = 3 * 365
CRL_DAYS: Final = 7  # after which a list of revoked certificates counts for nothing: it is made daily
SLOW: Final = HOUR  # a certificate is valid from so much earlier: its device's clock may be behind
Key = ec.EllipticCurvePrivateKey


def key(*, root: bool = False) -> Key:
    """A fresh key."""
    return ec.generate_private_key(ec.SECP384R1() if root else ec.SECP256R1())


def root(signing: Key, name: str, now: int) -> x509.Certificate:
    """The certificate of a root, by itself."""
    return _signed(
        _authority(name, signing.public_key(), now, now + ROOT_DAYS * DAY, length=1), _named(name), signing
    )


def intermediate(new: Key, name: str, now: int, *, by: x509.Certificate, signing: Key) -> x509.Certificate:
    """The certificate of an intermediate, by the root; it never outlasts the root."""
    end = min(now + INTERMEDIATE_DAYS * DAY, ends(by))
    return _signed(_authority(name, new.public_key(), now, end, length=0), by.subject, signing)


def device(
    public: bytes, id_: str, now: int, end: int, *, by: x509.Certificate, signing: Key
) -> x509.Certificate:
    """A device's certificate: it may show it as a client, and nothing more."""
    found = load_der_public_key(public)
    if not isinstance(found, ec.EllipticCurvePublicKey):
        raise TypeError("requests are read by devices.ca.asking, which lets no other key through")
    names = [x509.UniformResourceIdentifier(urn(id_))]
    return _leaf(found, id_, names, now, end, by=by, signing=signing, use=ExtendedKeyUsageOID.CLIENT_AUTH)


def server(
    new: Key, hosts: Sequence[str], now: int, end: int, *, by: x509.Certificate, signing: Key
) -> x509.Certificate:
    """A broker's certificate: devices that trust the root know it by its host names and addresses."""
    return _leaf(
        new.public_key(),
        hosts[0],
        [_host(one) for one in hosts],
        now,
        end,
        by=by,
        signing=signing,
        use=ExtendedKeyUsageOID.SERVER_AUTH,
    )


def revoked(
    found: Iterable[tuple[int, int, str]], now: int, *, number: int, by: x509.Certificate, signing: Key
) -> x509.CertificateRevocationList:
    """List of (serial, µs UTC, reason) of one intermediate."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(by.subject)
        .last_update(_moment(now - SLOW))
        .next_update(_moment(now + CRL_DAYS * DAY))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_issuer(by), critical=False)
    )
    for serial, time, reason in found:
        one = (
            x509.RevokedCertificateBuilder()
            .serial_number(serial)
            .revocation_date(_moment(time))
            .add_extension(x509.CRLReason(x509.ReasonFlags(reason)), critical=False)
        )
        builder = builder.add_revoked_certificate(one.build())
    return builder.sign(signing, hashes.SHA256())


def ends(certificate: x509.Certificate) -> int:
    """µs UTC."""
    return instants.from_datetime(certificate.not_valid_after_utc)


def starts(certificate: x509.Certificate) -> int:
    """µs UTC."""
    return instants.from_datetime(certificate.not_valid_before_utc)


def _leaf(
    public: CertificatePublicKeyTypes,
    name: str,
    names: Sequence[x509.GeneralName],
    now: int,
    end: int,
    *,
    by: x509.Certificate,
    signing: Key,
    use: x509.ObjectIdentifier,
) -> x509.Certificate:
    builder = (
        _begun(name, public, now, min(end, ends(by)))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(_issuer(by), critical=False)
    )
    return _signed(builder, by.subject, signing)


def _authority(
    name: str, public: CertificatePublicKeyTypes, now: int, end: int, *, length: int
) -> x509.CertificateBuilder:
    return (
        _begun(name, public, now, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=length), critical=True)
        .add_extension(_usage(signs=True), critical=True)
    )


def _begun(name: str, public: CertificatePublicKeyTypes, now: int, end: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_moment(now - SLOW))
        .not_valid_after(_moment(end))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _signed(builder: x509.CertificateBuilder, issuer: x509.Name, signing: Key) -> x509.Certificate:
    strong = hashes.SHA384() if isinstance(signing.curve, ec.SECP384R1) else hashes.SHA256()
    return builder.issuer_name(issuer).sign(signing, strong)


def _issuer(by: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    known = by.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _moment(time: int) -> datetime:
    return instants.to_datetime(time - time % 1_000_000)
