"""Certificates of the test's own authority: a holder's, devices', a stranger's."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from contracts.instants import DAY, SECOND
from devices.ca import making


@dataclass(frozen=True)
class Shown:
    """Files that somebody shows."""

    certificate: Path
    key: Path
    fingerprint: str


class City:
    """An authority, as the platform's own makes them: root, intermediate, leaves."""

    def __init__(self, folder: Path, now: int, name: str = "test") -> None:
        self.folder = folder
        self.name = name
        self._now = now - 10 * SECOND
        self._root = making.key(root=True)
        self.root = making.root(self._root, f"{name} root", self._now)
        self._signing = making.key()
        self.intermediate = making.intermediate(
            self._signing, f"{name} issuing", self._now, by=self.root, signing=self._root
        )
        self.trusted = self._pem(self.root) + self._pem(self.intermediate)
        self.ca = folder / f"{name}-ca.pem"
        self.ca.write_text(self.trusted)

    def server(self) -> Shown:
        """A holder's on this machine."""
        key = making.key()
        made = making.server(
            key,
            ["localhost", "127.0.0.1"],
            self._now,
            self._now + DAY,
            by=self.intermediate,
            signing=self._signing,
        )
        return self._write("holder", key, made)

    def device(self, name: str) -> Shown:
        """A device's."""
        key = making.key()
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        made = making.device(
            public, name, self._now, self._now + DAY, by=self.intermediate, signing=self._signing
        )
        return self._write(name, key, made)

    def _write(self, name: str, key: making.Key, made: object) -> Shown:
        certificate, private = (
            self.folder / f"{self.name}-{name}.pem",
            self.folder / f"{self.name}-{name}.key",
        )
        certificate.write_text(self._pem(made) + self._pem(self.intermediate))
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        raw = made.public_bytes(Encoding.DER)  # type: ignore[attr-defined]
        return Shown(certificate, private, hashlib.sha256(raw).hexdigest())

    @staticmethod
    def _pem(certificate: object) -> str:
        text: str = certificate.public_bytes(Encoding.PEM).decode()  # type: ignore[attr-defined]
        return text
