"""The TLS listeners that docs/how-to/containers.md shows, beside our configuration, in a real Mosquitto."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.brokers.caller import REFUSED, Caller
from app.brokers.port import Endpoint
from runtime.ports import free_port
from tests.deploy.brokers import configured, prepared
from tests.fixtures.authority import Authority


@pytest.fixture(scope="module")
def secrets(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(root, tmp_path_factory.mktemp("deploy"))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def secured(
    root: Path, secrets: Path, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Endpoint, Endpoint]]:
    """For certificates, and for passwords."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = authority.issue("broker")
    text = re.search(
        r"```text\n(listener 8883.*?)```", (root / "docs/how-to/containers.md").read_text(), re.DOTALL
    )
    assert text
    ports = free_port(), free_port()
    conf = text[1]
    for inside, here in {
        "listener 8883": f"listener {ports[0]} 127.0.0.1",
        "listener 8884": f"listener {ports[1]} 127.0.0.1",
        "/mosquitto/config/conf.d/ca.pem": authority.file,
        "/mosquitto/config/conf.d/crl.pem": authority.crl,
        "/mosquitto/config/conf.d/server.pem": cert,
        "/mosquitto/config/conf.d/server.key": key,
    }.items():
        assert inside in conf
        conf = conf.replace(inside, str(here))
    with configured(root, secrets, folder, conf):
        yield tuple(Endpoint(host="127.0.0.1", port=port, protocols=(5, 4)) for port in ports)  # type: ignore[misc]


def test_the_listeners_of_the_how_to_let_in_by_certificate_and_by_password(
    secured: tuple[Endpoint, Endpoint], authority: Authority, secrets: Path
) -> None:
    by_certificate, by_password = secured
    own, other = "imm/v1/bima/kiosk/kiosk-1/event", "imm/v1/bima/wifi/wifi-1/event"
    password = (secrets / "mqtt-kiosk-1").read_text().strip()
    known = authority.trust(*authority.issue("kiosk-1"))
    for place, name, tls in (
        (by_certificate, "", known),
        (by_password, "kiosk-1", authority.trust()),
    ):
        with Caller(place, name, password, tls=tls, client_id="whatever") as caller:
            assert not caller.refused
            mine, foreign = caller.say([own, other])
            assert mine < REFUSED <= foreign
    for refused in (
        Caller(by_certificate, "kiosk-1", password, tls=authority.trust()),
        Caller(by_password, "kiosk-1", "guess", tls=authority.trust()),
        Caller(by_password, tls=known),
    ):
        assert refused.refused
