"""An authority of the test's own that answers devices' requests, without the platform around it."""

from pathlib import Path

import pytest
from cryptography import x509

from contracts.enrolment import Broker, Given
from contracts.instants import DAY
from contracts.topics import Kind
from devices.ca import making, read
from devices.ca.authority import _pem
from runtime.clock import Fake


class Office:
    """One root, one intermediate."""

    def __init__(self, clock: Fake) -> None:
        now = clock.now()
        self.clock = clock
        self.root_key = making.key(root=True)
        self.root = making.root(self.root_key, "root", now)
        self.key = making.key()
        self.by = making.intermediate(self.key, "between", now, by=self.root, signing=self.root_key)
        self.trusted = _pem(self.root)

    def chain(self, csr: str, device: str = "kiosk-07", *, days: int = 90) -> str:
        """Certificate for a request, with its issuer."""
        request = read(csr)
        now = self.clock.now()
        made = making.device(request.key, device, now, now + days * DAY, by=self.by, signing=self.key)
        return _pem(made) + _pem(self.by)

    def given(self, csr: str, device: str = "kiosk-07") -> Given:
        """What the platform would answer."""
        chain = self.chain(csr, device)
        leaf = x509.load_pem_x509_certificate(chain.encode())
        return Given(
            device=device,
            kind=Kind.KIOSK,
            site="bima",
            title="Gerbang",
            certificate=chain,
            trusted=self.trusted,
            broker=Broker(host="mqtt.example.id", port=8_883),
            serial=f"{leaf.serial_number:x}",
            renew=self.clock.now() + 60 * DAY,
            ends=making.ends(leaf),
        )


@pytest.fixture
def clock() -> Fake:
    return Fake()


@pytest.fixture
def office(clock: Fake) -> Office:
    return Office(clock)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "imm-edge"
