"""The authority on both databases: what it issues, what it revokes, how intermediates follow each other."""

import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from city.db import Database
from city.privacy import Vault
from contracts.enrolment import urn
from contracts.errors import Refused
from contracts.instants import DAY, to_datetime
from devices.ca import Authority, Issued, authority, making, read, root
from devices.ca.root import Root
from devices.errors import BadRoot, NoAuthority
from runtime.clock import Fake
from runtime.ids import Factory
from tests.devices.ca.makers import csr

PASSPHRASE = "sangat rahasia sekali"


@pytest.fixture
def offline(tmp_path: Path, clock: Fake) -> Root:
    return root.make(tmp_path / "root.key", PASSPHRASE, clock.now())


@pytest.fixture
def ca(db: Database, vault: Vault, clock: Fake, ids: Factory, offline: Root) -> Authority:
    found = Authority(vault, clock=clock, ids=ids)
    with db.begin() as tx:
        found.add(tx, offline, starts=clock.now())
    return found


def issue(db: Database, ca: Authority, device: str = "kiosk-07") -> tuple[str, Issued]:
    with db.begin() as tx:
        _, issued = ca.issue(tx, read(csr(device)), device, why=authority.CLAIM)
        return ca.chain(tx, issued.serial), issued


def verified(db: Database, ca: Authority, chain: str, now: int) -> bool:
    """Whether a broker that trusts the roots alone takes this chain from a client, at this time."""
    leaf, *between = x509.load_pem_x509_certificates(chain.encode())
    with db.read() as tx:
        trusted = x509.load_pem_x509_certificates(ca.trusted(tx).encode())
    roots = [one for one in trusted if one.issuer == one.subject]
    policy = verification.PolicyBuilder().store(verification.Store(roots)).time(to_datetime(now))
    try:
        policy.build_client_verifier().verify(leaf, between)
    except verification.VerificationError:
        return False
    return True


def listed(db: Database, ca: Authority) -> set[str]:
    """Serials on the lists of what is revoked; each list is by an intermediate that holds."""
    with db.read() as tx:
        text, trusted = ca.revoked(tx), x509.load_pem_x509_certificates(ca.trusted(tx).encode())
    found: set[str] = set()
    for part in text.split("-----END X509 CRL-----\n")[:-1]:
        crl = x509.load_pem_x509_crl(f"{part}-----END X509 CRL-----\n".encode())
        (by,) = [one for one in trusted if one.subject == crl.issuer]
        public = by.public_key()
        assert crl.is_signature_valid(public)  # type: ignore[arg-type]  # ours are elliptic
        found |= {f"{one.serial_number:x}" for one in crl}
    return found


def test_a_devices_certificate(db: Database, ca: Authority, clock: Fake) -> None:
    chain, issued = issue(db, ca)
    leaf = x509.load_pem_x509_certificate(chain.encode())
    (name,) = leaf.subject
    assert (name.oid, name.value) == (NameOID.COMMON_NAME, "kiosk-07")
    others = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [one.value for one in others] == [urn("kiosk-07")] == ["urn:dev:org:32473-cirebon:kiosk-07"]
    uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert issued.ends == clock.now() + 90 * DAY
    assert verified(db, ca, chain, clock.now())
    assert not verified(db, ca, chain, issued.ends + DAY), "expired"
    with db.read() as tx:
        assert ca.of(tx, "kiosk-07") == [issued]


def test_another_roots_certificate_is_not_trusted(
    db: Database, ca: Authority, vault: Vault, clock: Fake, ids: Factory, tmp_path: Path
) -> None:
    chain, _ = issue(db, ca)
    foreign = root.make(tmp_path / "other.key", PASSPHRASE, clock.now())
    key = making.key()
    between = making.intermediate(key, "x", clock.now(), by=foreign.certificate, signing=foreign.key)
    request = read(csr("kiosk-07"))
    leaf = making.device(request.key, "kiosk-07", clock.now(), clock.now() + DAY, by=between, signing=key)
    assert verified(db, ca, chain, clock.now())
    assert not verified(db, ca, authority._pem(leaf) + authority._pem(between), clock.now())


def test_what_is_revoked_is_listed(db: Database, ca: Authority, clock: Fake) -> None:
    _, first = issue(db, ca)
    clock.advance(60)
    _, second = issue(db, ca)
    issue(db, ca, "wifi-01")
    assert listed(db, ca) == set()
    with db.begin() as tx:
        assert ca.revoke(tx, "kiosk-07", authority.SUPERSEDED, but=second.serial) == [first.serial]
        assert ca.revoke(tx, "kiosk-07", authority.STOLEN) == [second.serial]
        assert ca.revoke(tx, "kiosk-07", authority.STOLEN) == []
    assert listed(db, ca) == {first.serial, second.serial}
    with db.read() as tx:
        assert [one.reason for one in ca.of(tx, "kiosk-07")] == ["keyCompromise", "superseded"]
    clock.advance(91 * 86_400)
    assert listed(db, ca) == set(), "what has expired needs no list"


def test_intermediates_overlap(db: Database, ca: Authority, offline: Root, clock: Fake) -> None:
    old, _ = issue(db, ca)
    with db.begin() as tx:
        ca.add(tx, offline, starts=clock.now() + DAY)
        assert [one["issues"] for one in ca.holders(tx)] == [False, True]
    still, _ = issue(db, ca)
    assert still.split("-----BEGIN")[2] == old.split("-----BEGIN")[2], "others get to know the new one first"
    clock.advance(86_401)
    new, issued = issue(db, ca)
    assert new.split("-----BEGIN")[2] != old.split("-----BEGIN")[2]
    for chain in (old, still, new):
        assert verified(db, ca, chain, clock.now())
    with db.begin() as tx:
        ca.revoke(tx, "kiosk-07", authority.SUPERSEDED, but=issued.serial)
        assert ca.revoked(tx).count("BEGIN X509 CRL") == 2
    assert len(listed(db, ca)) == 2


def test_no_certificate_outlasts_its_issuer(db: Database, ca: Authority, clock: Fake) -> None:
    clock.advance((making.INTERMEDIATE_DAYS - 10) * 86_400)
    _, issued = issue(db, ca)
    assert issued.ends < clock.now() + 11 * DAY
    clock.advance(11 * 86_400)
    with db.begin() as tx, pytest.raises(NoAuthority):
        ca.issue(tx, read(csr("kiosk-07")), "kiosk-07", why=authority.CLAIM)
    with db.read() as tx, pytest.raises(NoAuthority):
        ca.trusted(tx)


def test_the_root_is_its_owners_alone(tmp_path: Path, clock: Fake, offline: Root) -> None:
    file = tmp_path / "root.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"ENCRYPTED PRIVATE KEY" in file.read_bytes()
    assert root.read(file, PASSPHRASE).certificate == offline.certificate
    with pytest.raises(BadRoot, match="passphrase"):
        root.read(file, "lain sama sekali")
    with pytest.raises(BadRoot):
        root.make(file, PASSPHRASE, clock.now())
    with pytest.raises(Refused, match="at least"):
        root.make(tmp_path / "b", "pendek", clock.now())
    file.chmod(0o640)
    with pytest.raises(BadRoot, match="others"):
        root.read(file, PASSPHRASE)
    with pytest.raises(BadRoot):
        root.read(tmp_path / "nowhere", PASSPHRASE)


def test_a_brokers_certificate_is_for_servers(db: Database, ca: Authority, clock: Fake) -> None:
    with db.begin() as tx:
        _, chain = ca.serve(tx, ["mqtt.example.id", "10.0.0.1"], days=365)
    assert not verified(db, ca, chain, clock.now()), "it lets nobody in as a device"
    leaf = x509.load_pem_x509_certificate(chain.encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mqtt.example.id"]
