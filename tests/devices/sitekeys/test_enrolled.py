"""A node that was let in by the platform's own authority gets its site's key, until it is shut out."""

import itertools
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from prometheus_client import CollectorRegistry

from app.processes.keys import _trusted
from city.db import Database
from city.identity.caller import SYSTEM
from contracts.sitekeys import Answer, Refusal
from contracts.topics import Kind
from devices.ca import making
from devices.sitekeys.door import Registered
from devices.sitekeys.holder import Holder, context
from devices.sitekeys.keyring import Keyring
from devices.sitekeys.limits import Limits
from devices.sitekeys.settings import Settings as Keys
from edge.visitors.asking import Holder as Asking
from edge.visitors.settings import Settings
from runtime import mqtt
from runtime.clock import Fake, System
from tests.devices.ca.makers import csr
from tests.devices.conftest import plan, vault_of
from tests.devices.enrolment.conftest import Office


async def test_from_claim_to_key_and_out_again(lite: Database, tmp_path: Path) -> None:
    clock, numbers = Fake(System().now()), itertools.count(1)  # TLS looks at the machine's own clock
    vault = vault_of(lite, tmp_path, clock)
    office = Office(lite, vault, clock, lambda: f"id-{next(numbers):06}", tmp_path)
    with lite.begin() as tx:
        office.registry.add(tx, SYSTEM, plan("wifi-1", kind=Kind.WIFI, site="kesambi"))
    key = making.key()
    given = office.enrol(office.claim("wifi-1").code, csr(key=key))
    files = {
        "device.pem": given.certificate,
        "device.key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "trusted.pem": given.trusted,
    }
    with lite.begin() as tx:
        files["holder.key"], files["holder.pem"] = office.authority.serve(tx, ["localhost"], days=1)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    holder = Holder(
        Keyring(clock, ahead=1_800),
        Registered(lite, clock),
        Limits(clock, per_hour=60),
        most=4,
        registry=CollectorRegistry(),
    )
    tls = context(str(tmp_path / "holder.pem"), str(tmp_path / "holder.key"), _trusted(Keys(), lite, clock))
    async with await holder.listen(tls, "127.0.0.1", 0) as server:
        asking = Asking(
            Settings(host="localhost", port=server.sockets[0].getsockname()[1]),
            mqtt.Settings(  # as `imm-edge enrol` writes them: [visitors] needs nothing but the host
                ca_file=tmp_path / "trusted.pem",
                cert_file=tmp_path / "device.pem",
                key_file=tmp_path / "device.key",
            ),
        )
        answer = await asking(())
        assert isinstance(answer, Answer)
        assert [one.site for one in answer.keys][:1] == ["kesambi"]
        with lite.begin() as tx:
            office.ending.disable(tx, SYSTEM, "wifi-1", why="stolen", stolen=True)
        refusal = await asking(())
        assert isinstance(refusal, Refusal)
        assert refusal.reason in {"revoked", "disabled"}
