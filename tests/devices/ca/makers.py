"""Requests as devices make them, and as others would."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from devices.ca import making


def csr(name: str = "", *, key: Any = None, uris: tuple[str, ...] = (), more: tuple[Any, ...] = ()) -> str:
    """A request in PEM."""
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([*attributes]))
    if uris:
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(one) for one in uris])
        builder = builder.add_extension(names, critical=False)
    for extension in more:
        builder = builder.add_extension(extension, critical=False)
    key = key or making.key()
    strong = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, strong).public_bytes(Encoding.PEM).decode()


def weak() -> Any:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def odd() -> Any:
    return ec.generate_private_key(ec.SECP256K1())
