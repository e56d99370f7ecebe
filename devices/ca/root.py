"""The root: its key lies encrypted in a file of its own, which is put away when nothing is made with it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from contracts.errors import Refused
from devices.ca import making
from devices.errors import BadRoot

NAME: Final = "IMM Cirebon devices root"
_SHORTEST: Final = 12  # characters of a passphrase
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """A root with its key, as long as something is made with it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def make(file: Path, passphrase: str, now: int) -> Root:
    """A new root, in a file that nobody else may read and that was not there. Raises BadRoot, Refused."""
    if len(passphrase) < _SHORTEST:
        raise Refused("passphrase", "(not shown)", f"at least {_SHORTEST} characters")
    key = making.key(root=True)
    certificate = making.root(key, NAME, now)
    sealed = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode())
    )
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(sealed + certificate.public_bytes(Encoding.PEM))
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise BadRoot(file, error.strerror or str(error), "name a file that is not there yet") from None
    return Root(certificate=certificate, key=key)


def read(file: Path, passphrase: str) -> Root:
    """A root from its file. Raises BadRoot."""
    try:
        if file.stat().st_mode & _OTHERS:
            raise BadRoot(file, "others may read it", f"chmod 600 {file}")
        content = file.read_bytes()
    except OSError as error:
        raise BadRoot(file, error.strerror or str(error), "name the file of the root's key") from None
    try:
        key = load_pem_private_key(content, passphrase.encode())
        certificate = x509.load_pem_x509_certificate(content)
    except (ValueError, TypeError):
        raise BadRoot(file, "it is damaged, or the passphrase is another", "try again") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
        raise BadRoot(file, "its key and its certificate do not belong together", "take its copy")
    return Root(certificate=certificate, key=key)
