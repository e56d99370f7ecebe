"""What the API document shows of enrolment."""

from __future__ import annotations

from typing import Any, Final

from contracts.enrolment import Broker, Given, Updates
from contracts.instants import DAY
from contracts.topics import Kind
from devices.ca import Issued
from devices.enrolment.accounts import Shown
from devices.enrolment.claims import Made, Open
from devices.registry.examples import DEVICE, TIME

PEM: Final = "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n"
CRL: Final = "-----BEGIN X509 CRL-----\n…\n-----END X509 CRL-----\n"
_SERIAL: Final = "4f1c0e9a7b3d25866d0f1e2a9c8b7a65e4d3c2b1"
MADE: Final = Made(
    id="0197b0f2-5d0e-7c4a-9b1f-6a2f7d1c8e90",
    device=DEVICE.device,
    code="7K3M-Q9XT-2VBW-H4PD",
    text="imm-enrol:7K3M-Q9XT-2VBW-H4PD?server=https://imm.example.id",
    expires=TIME + DAY,
)
OPEN: Final = Open(id=MADE.id, device=MADE.device, by="system", made=TIME, expires=MADE.expires)
SHOWN: Final = Shown(username="sensor-03", password="nD2u1kq0Xo3b6Vh8yJ4sTzLw5RfGcEaP")  # noqa: S106 - an example
ISSUED: Final = Issued(
    serial=_SERIAL,
    device=DEVICE.device,
    fingerprint="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    starts=TIME,
    ends=TIME + 90 * DAY,
    issued=TIME,
    why="claim",
    revoked=None,
    reason="",
)
GIVEN: Final = Given(
    device=DEVICE.device,
    kind=Kind.KIOSK,
    site=DEVICE.site,
    title=DEVICE.title,
    certificate=PEM,
    trusted=PEM,
    broker=Broker(host="mqtt.example.id", port=8_883),
    serial=_SERIAL,
    renew=TIME + 60 * DAY,
    ends=TIME + 90 * DAY,
    updates=Updates(
        keys=("3qmQ0b1yXb8Qw0Qn8r3mR7oQb2k4v0m9s1u5w7y9A0E=",), source="https://imm.example.id/api/v1/agents"
    ),
)
ASK: Final[dict[str, Any]] = {
    "code": MADE.code,
    "csr": "-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n",
    "hardware": DEVICE.hardware,
    "versions": DEVICE.versions,
}
