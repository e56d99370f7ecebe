"""The authority at work: issues, revokes, and says what is to be trusted and what not any more."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from sqlalchemy import Connection, Row, insert, select, update

from city.privacy import Vault
from contracts.instants import DAY
from devices.ca import making
from devices.ca.asking import Request
from devices.ca.root import Root
from devices.ca.tables import authorities, certificates
from devices.errors import NoAuthority
from runtime.clock import Clock
from runtime.ids import Factory

KIND: Final = "devices.authority"  # of the keys in the vault
CLAIM: Final = "claim"
RENEWAL: Final = "renewal"
SUPERSEDED: Final = x509.ReasonFlags.superseded.value
STOLEN: Final = x509.ReasonFlags.key_compromise.value
OVER: Final = x509.ReasonFlags.cessation_of_operation.value


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that was issued, and what became of it."""

    serial: str  # hex
    device: str
    fingerprint: str  # SHA-256, hex
    starts: int  # µs UTC
    ends: int  # µs UTC
    issued: int  # µs UTC
    why: str  # claim, renewal
    revoked: int | None  # µs UTC
    reason: str  # of the revocation


class Authority:
    """One for all threads of a process; other processes add and revoke beside it."""

    def __init__(self, vault: Vault, *, clock: Clock, ids: Factory, days: float = 90.0) -> None:
        """`days`: that a device's certificate lasts."""
        self._vault = vault
        self._clock = clock
        self._ids = ids
        self._days = days
        self._keys: dict[str, ec.EllipticCurvePrivateKey] = {}

    def add(self, tx: Connection, root: Root, *, starts: int) -> str:
        """A new intermediate by this root, which issues from `starts` (µs UTC) on; its id.

        Those before it issue no more from then on; what they issued stays good for its time.
        """
        now, id_ = self._clock.now(), self._ids()
        key = making.key()
        name = f"IMM Cirebon devices {id_[-12:]}"
        made = making.intermediate(key, name, now, by=root.certificate, signing=root.key)
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self._vault.seal(tx, kind=KIND, record=id_, subject="", fields={"key": plain})
        tx.execute(
            insert(authorities).values(
                id=id_,
                certificate=_pem(made),
                root=_pem(root.certificate),
                starts=starts,
                ends=making.ends(made),
                made=now,
            )
        )
        return id_

    def issue(self, tx: Connection, request: Request, device: str, *, why: str) -> tuple[str, Issued]:
        """A certificate for a device, PEM, and its record. Raises NoAuthority, Refused."""
        request.named(device)
        now = self._clock.now()
        row = self._issuer(tx)
        made = making.device(
            request.key,
            device,
            now,
            now + round(self._days * DAY),
            by=_read(row.certificate),
            signing=self._key(tx, row.id),
        )
        issued = Issued(
            serial=f"{made.serial_number:x}",
            device=device,
            fingerprint=hashlib.sha256(made.public_bytes(Encoding.DER)).hexdigest(),
            starts=making.starts(made),
            ends=making.ends(made),
            issued=now,
            why=why,
            revoked=None,
            reason="",
        )
        kept = {"authority": row.id, "pem": _pem(made), "request": request.digest, "key": request.key_digest}
        tx.execute(insert(certificates).values(**msgspec.to_builtins(issued), **kept))
        return kept["pem"], issued

    def serve(self, tx: Connection, hosts: Sequence[str], *, days: float) -> tuple[str, str]:
        """Key and chain (PEM) of a broker that devices are to trust under these names. Raises NoAuthority."""
        now, row, key = self._clock.now(), self._issuer(tx), making.key()
        by, signing = _read(row.certificate), self._key(tx, row.id)
        made = making.server(key, hosts, now, now + round(days * DAY), by=by, signing=signing)
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return plain, _pem(made) + row.certificate

    def chain(self, tx: Connection, serial: str) -> str:
        """A certificate with the intermediate that issued it, PEM: what its device shows."""
        query = select(certificates.c.pem, authorities.c.certificate).join(authorities)
        row = tx.execute(query.where(certificates.c.serial == serial)).one()
        return f"{row.pem}{row.certificate}"

    def trusted(self, tx: Connection) -> str:
        """Roots and intermediates that hold, PEM: what brokers and devices trust. Raises NoAuthority."""
        rows = self._holding(tx)
        if not rows:
            raise NoAuthority
        return "".join(dict.fromkeys([row.root for row in rows] + [row.certificate for row in rows]))

    def revoked(self, tx: Connection) -> str:
        """Lists of what is revoked, one of each intermediate that holds, PEM."""
        now = self._clock.now()
        told = []
        for row in self._holding(tx):
            gone = select(certificates).where(
                certificates.c.authority == row.id,
                certificates.c.revoked.is_not(None),
                certificates.c.ends > now,
            )
            found = [(int(one.serial, 16), one.revoked, one.reason) for one in tx.execute(gone)]
            made = making.revoked(
                found,
                now,
                number=now // 1_000_000,
                by=_read(row.certificate),
                signing=self._key(tx, row.id),
            )
            told.append(made.public_bytes(Encoding.PEM).decode())
        return "".join(told)

    def of(self, tx: Connection, device: str) -> list[Issued]:
        """Certificates of a device, newest first."""
        query = select(certificates).where(certificates.c.device == device)
        return [_issued(row) for row in tx.execute(query.order_by(certificates.c.issued.desc()))]

    def revoke(self, tx: Connection, device: str, reason: str, *, but: str = "") -> list[str]:
        """Take back all certificates of a device that hold, `but` one; their serials."""
        mine = (certificates.c.device == device) & certificates.c.revoked.is_(None)
        values = {"revoked": self._clock.now(), "reason": reason}
        query = update(certificates).where(mine & (certificates.c.serial != but)).values(**values)
        return list(tx.execute(query.returning(certificates.c.serial)).scalars())

    def holders(self, tx: Connection) -> list[dict[str, Any]]:
        """All intermediates, newest first, without their keys."""
        rows = tx.execute(select(authorities).order_by(authorities.c.starts.desc())).mappings()
        issuing = self._issuing(tx)
        return [
            {
                "id": row["id"],
                "starts": row["starts"],
                "ends": row["ends"],
                "issues": issuing is not None and row["id"] == issuing.id,
            }
            for row in rows
        ]

    def _issuer(self, tx: Connection) -> Row[Any]:
        row = self._issuing(tx)
        if row is None:
            raise NoAuthority
        return row

    def _issuing(self, tx: Connection) -> Row[Any] | None:
        """The newest one that has begun to issue."""
        now = self._clock.now()
        query = select(authorities).where(authorities.c.starts <= now, authorities.c.ends > now)
        return tx.execute(query.order_by(authorities.c.starts.desc(), authorities.c.id.desc())).first()

    def _holding(self, tx: Connection) -> Sequence[Row[Any]]:
        query = select(authorities).where(authorities.c.ends > self._clock.now())
        return tx.execute(query.order_by(authorities.c.made, authorities.c.id)).all()

    def _key(self, tx: Connection, id_: str) -> ec.EllipticCurvePrivateKey:
        """Kept once it was opened: to open it again costs two decryptions, and it never changes."""
        known = self._keys.get(id_)
        if known is None:
            plain = self._vault.open(tx, KIND, id_)["key"]
            found = load_pem_private_key(plain.encode(), None)
            if not isinstance(found, ec.EllipticCurvePrivateKey):
                raise TypeError(f"the key of {id_} is of another kind than ours")
            self._keys[id_] = known = found
        return known


def _issued(row: Row[Any]) -> Issued:
    values = row._asdict()
    return Issued(**{name: values[name] for name in Issued.__struct_fields__})


def _read(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
