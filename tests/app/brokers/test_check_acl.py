"""`imm fleet check-acl`: nothing is found on a broker that is right, and each thing on one that is wrong."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from app.brokers import checking
from app.brokers.access import Access
from app.brokers.mosquitto import Mosquitto
from app.cli import imm
from app.failures import explain
from contracts.access import Role, account
from devices.broker import errors, seed, state
from devices.broker.state import State
from devices.broker.words import Acl
from runtime import mqtt

pytestmark = pytest.mark.system


def test_a_right_broker_has_no_hole_and_its_matrix_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "acl.json"
    run = CliRunner().invoke(imm, ["fleet", "check-acl", "--report", str(file)])
    assert run.exit_code == 0, run.output
    assert "…/here/kiosk/own/status           wl " in run.output
    found = json.loads(file.read_text())
    assert found["tried"] > 1_500
    assert found["tried"] == found["allowed"] + found["refused"]
    assert (found["holes"], found["blocked"], found["wrong"]) == (0, 0, [])
    assert found["meta"]["versions"]


HOLES = [  # a right too many, and what is told of it
    ("device.own", "publishClientSend", "imm/v1/+/+/+/telemetry", "device write imm/v1/here/wifi/peer/"),
    (
        "device.own",
        "publishClientSend",
        "imm/v1/here/kiosk/own/receipt",
        "device will imm/v1/here/kiosk/own/r",
    ),
    ("device.own", "publishClientSend", "imm/v1/here/alert/#", "anybody retain imm/v1/here/alert/x"),
    ("site.here", "subscribePattern", "imm/v1/#", "device read imm/v1/#"),
    ("imm.keys", "subscribePattern", "#", "keys read $share/acl/#"),
    ("imm.app", "publishClientSend", "imm/v1/+/alert/+", "app write imm/v1/there/alert/x"),
    ("imm.alerts", "publishClientSend", "$CONTROL/#", "alerts write $CONTROL/dynamic-security/v1"),
]


def test_each_hole_is_found() -> None:
    def change(want: State) -> State:
        roles = dict(want.roles)
        for role, acltype, topic, _ in HOLES:
            roles[role] |= {Acl(acltype=acltype, topic=topic, allow=True)}
        return msgspec.structs.replace(want, roles=roles)

    found = checking.at_own(change)
    holes = {f"{one.party} {one.act} {one.topic}" for one in found if one.hole}
    assert not [told for *_, told in HOLES if not any(hole.startswith(told) for hole in holes)]
    assert not [one for one in found if one.blocked]
    assert {one.split()[0] for one in holes} == {"device", "anybody", "keys", "app", "alerts"}


def test_who_may_come_in_wrongly_is_found() -> None:
    def change(want: State) -> State:
        clients = {
            name: msgspec.structs.replace(one, disabled=False, clientid="")
            for name, one in want.clients.items()
        }
        return msgspec.structs.replace(want, clients=clients)

    holes = [one.topic for one in checking.at_own(change) if one.hole]
    assert holes == ["with another's client id", "though disabled"]


def test_a_right_that_is_missing_is_found_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(want: State) -> State:
        return msgspec.structs.replace(want, roles={**want.roles, "imm.alerts": frozenset()})

    blocked = [one for one in checking.at_own(change) if one.blocked]
    assert {one.party for one in blocked} == {"alerts"}
    monkeypatch.setattr(checking, "at_own", lambda: blocked)
    run = CliRunner().invoke(imm, ["fleet", "check-acl"])
    assert run.exit_code == 1
    assert "0 holes" in run.output
    assert "alerts could not write imm/v1/here/alert/x" in run.output


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that others use."""
    platform = state.platform()
    access = Access(seed=seed.document(platform, dict.fromkeys(platform.clients, "pw"), secrets.token_bytes))
    broker = Mosquitto(tmp_path / "live", access=access)
    broker.start()
    yield broker
    broker.stop()


def test_a_broker_that_others_use_is_tried_and_left_as_it_was(live: Mosquitto, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("pw")
    before = json.loads((live.folder / "dynamic-security.json").read_text())
    port = str(live.endpoints[0].port)
    env = {"IMM_MQTT__USERNAME": account(Role.DESK), "IMM_MQTT__PASSWORD_FILE": str(password)}
    env["IMM_DATA"] = str(tmp_path / "data")
    run = CliRunner().invoke(imm, ["fleet", "check-acl", "--port", port, "--json"], env=env)
    assert run.exit_code == 0, run.output
    found = json.loads(run.stdout)
    assert found["tried"] > 1_000
    assert found["holes"] == 0
    after = json.loads((live.folder / "dynamic-security.json").read_text())
    for kind, name in (("clients", "username"), ("roles", "rolename")):
        assert {one[name] for one in before[kind]} == {one[name] for one in after[kind]}


def test_accounts_are_made_equal_to_the_roster_by_hand(live: Mosquitto, tmp_path: Path, root: Path) -> None:
    (tmp_path / "password").write_text("pw")
    env = {
        "IMM_DATA": str(tmp_path / "data"),
        "IMM_MQTT__PORT": str(live.endpoints[0].port),
        "IMM_MQTT__USERNAME": account(Role.DESK),
        "IMM_MQTT__PASSWORD_FILE": str(tmp_path / "password"),
        "IMM_ROSTER": str(root / "deploy/roster/bima.toml"),
    }
    assert CliRunner().invoke(imm, ["migrate"], env=env).exit_code == 0
    first, again = (CliRunner().invoke(imm, ["fleet", "reconcile", "--json"], env=env) for _ in range(2))
    assert json.loads(first.stdout)["created"] > 10
    assert json.loads(again.stdout)["kept"] == json.loads(first.stdout)["created"] + len(state.PROCESSES)
    refused = {**env, "IMM_MQTT__USERNAME": account(Role.API), "IMM_MQTT__PATIENCE": "1"}
    run = CliRunner().invoke(imm, ["fleet", "reconcile"], env=refused)
    assert run.exception
    told = explain(run.exception)
    assert told
    assert "refused the subscription $CONTROL/dynamic-security/v1/response: Not authorized" in told.why


def test_a_new_broker_can_start_with_all_devices(live: Mosquitto, tmp_path: Path, root: Path) -> None:
    """A lost file: what the desk would have to send one by one is there from the start."""
    (tmp_path / "password").write_text("pw")
    env = {
        "IMM_DATA": str(tmp_path / "data"),
        "IMM_MQTT__PORT": str(live.endpoints[0].port),
        "IMM_MQTT__USERNAME": account(Role.DESK),
        "IMM_MQTT__PASSWORD_FILE": str(tmp_path / "password"),
        "IMM_ROSTER": str(root / "deploy/roster/bima.toml"),
    }
    kept = live.folder / "dynamic-security.json"
    made = tmp_path / "made.json"
    assert CliRunner().invoke(imm, ["migrate"], env=env).exit_code == 0
    run = CliRunner().invoke(imm, ["fleet", "seed", str(made), "--accounts", str(kept)], env=env)
    assert run.exit_code == 0, run.output
    assert made.stat().st_mode & 0o077 == 0
    live.stop()
    kept.write_bytes(made.read_bytes())
    live.start()
    done = json.loads(CliRunner().invoke(imm, ["fleet", "reconcile", "--json"], env=env).stdout)
    assert (done["created"], done["changed"], done["roles"], done["missing"]) == (0, 0, 0, [])
    assert done["kept"] > 10 + len(state.PROCESSES)
    (tmp_path / "no.json").write_text("{}")
    run = CliRunner().invoke(
        imm, ["fleet", "seed", str(made), "--accounts", str(tmp_path / "no.json")], env=env
    )
    assert run.exit_code == 1
    assert "missing required field `clients`" in run.output


async def test_a_broker_that_stands_open_is_no_broker_with_accounts(mosquitto: Mosquitto) -> None:
    place = mosquitto.endpoints[0]
    with pytest.raises(errors.Failure) as found:
        await checking.at(mqtt.Settings(host=place.host, port=place.port, patience=2))
    told = explain(found.value)
    assert told
    assert told.cure
