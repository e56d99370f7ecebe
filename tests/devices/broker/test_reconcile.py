"""The broker made equal to what is wanted: from nothing, after drift by hand, after a lost file."""

from __future__ import annotations

import pytest

from app.brokers.caller import REFUSED
from app.brokers.mosquitto import Mosquitto
from contracts.topics import Channel, Device, Kind
from devices.broker import state, words
from devices.broker.dynsec import Dynsec
from devices.broker.errors import TooMany
from devices.broker.port import Account, Certificate, Password
from devices.broker.words import Acl, Client, Held, Role
from tests.devices.broker.conftest import K1, K2, W1, Call, Enter, Wishes, desk

pytestmark = pytest.mark.system


@pytest.fixture(autouse=True)
async def empty(gate: Dynsec, wishes: Wishes) -> None:
    await gate.reconcile(force=True)


def expect(wishes: Wishes, *accounts: Account) -> None:
    wishes.known = {one.device.device: one for one in accounts}


async def test_from_nothing_and_then_there_is_nothing_to_do(gate: Dynsec, wishes: Wishes, call: Call) -> None:
    expect(
        wishes,
        Account(device=K1),
        Account(device=K2, password="two"),
        Account(device=W1, enabled=False),
    )
    done = await gate.reconcile()
    assert (done.created, done.changed, done.removed) == (3, 0, 0)
    assert done.roles == 5  # three devices, two sites
    assert not done.missing
    assert call("k1").say([K1.topic(Channel.EVENT)])[0] < REFUSED
    assert not call("k2", "two").refused
    assert call("w1").say([W1.topic(Channel.EVENT)])[0] >= REFUSED
    again = await gate.reconcile()
    assert again.changes == 0
    assert again.kept == 3 + len(state.PROCESSES)


async def test_drift_by_hand_is_mended(gate: Dynsec, wishes: Wishes, call: Call) -> None:
    expect(wishes, Account(device=K1), Account(device=K2), Account(device=W1, enabled=False))
    await gate.reconcile()
    wild = (Acl(acltype="publishClientSend", topic="#", allow=True),)
    everything = Held(rolename="everything")
    await gate._control.tell(
        [
            words.create_role(Role(rolename="everything", acls=wild)),
            words.create_client(Client(username="backdoor", roles=(everything,)), "open"),
            words.modify_client(Client(username="imm.ingest", roles=(everything,))),
            words.modify_role(Role(rolename="device.k1", acls=wild)),
            words.enable_client("w1"),
            words.set_client_id("k2", "somebody"),
            {"command": "createGroup", "groupname": "friends", "roles": [{"rolename": "everything"}]},
            {"command": "addGroupClient", "groupname": "friends", "username": "k2"},
            {
                "command": "setDefaultACLAccess",
                "acls": [{"acltype": "publishClientSend", "allow": True}],
            },
            words.create_client(Client(username="app.signs", roles=(everything,)), "signs"),
        ]
    )
    assert call("k1").say(["anything"])[0] < REFUSED
    done = await gate.reconcile()
    assert (done.created, done.changed, done.removed, done.roles, done.other) == (0, 4, 1, 2, 2)
    assert call("k1").say(["anything"])[0] >= REFUSED
    assert (await gate.reconcile()).changes == 0
    app = await gate._control.client("app.signs")
    assert app
    assert app.roles == (Held(rolename="imm.app"),)


async def test_what_is_not_wanted_goes_but_not_everything_by_mistake(gate: Dynsec, wishes: Wishes) -> None:
    many = [Device(site="bima", kind=Kind.SENSOR, device=f"s{number}") for number in range(25)]
    expect(wishes, *(Account(device=one) for one in many))
    await gate.reconcile()
    expect(wishes, Account(device=K1), *(Account(device=one) for one in many[:20]))
    done = await gate.reconcile()
    assert (done.created, done.removed) == (1, 5)
    expect(wishes)
    with pytest.raises(TooMany, match="21 of 29 accounts would be removed: nothing was changed") as found:
        await gate.reconcile()
    assert "force" in found.value.cure
    assert await gate._control.client("k1")
    assert (await gate.reconcile(force=True)).removed == 21


async def test_what_was_disabled_meanwhile_is_not_let_in_again(
    gate: Dynsec, wishes: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry says so first, then the gate: a reconciliation under way must not undo it."""
    expect(wishes, Account(device=K1), Account(device=K2))
    await gate.reconcile()
    known = gate._known

    async def slowly() -> state.State:
        found = await known()
        expect(wishes, Account(device=K1, enabled=False))
        await gate.disable(K1)
        await gate.remove(K2)
        return found

    monkeypatch.setattr(gate, "_known", slowly)
    await gate.reconcile()
    client = await gate._control.client("k1")
    assert client
    assert client.disabled
    assert not client.roles
    assert await gate._control.client("k2") is None


async def test_after_a_restart_all_is_as_before_and_after_a_lost_file_it_is_made_again(
    secured: Mosquitto, enter: Enter, gate: Dynsec, wishes: Wishes, call: Call
) -> None:
    expect(wishes, Account(device=K1), Account(device=K2, password="two"))
    await gate.reconcile()
    secured.kill()
    secured.start()
    async with enter(secured, wishes) as anew:
        assert (await anew.reconcile()).changes == 0
    assert not call("k2", "two").refused
    secured.stop()
    (secured.folder / "dynamic-security.json").unlink()
    secured.start()  # our processes are in the seed, devices are not
    async with enter(secured, wishes) as anew:
        done = await anew.reconcile()
        assert (done.created, done.roles) == (2, 3)
    assert not call("k2", "two").refused
    assert call("k1").say([K1.topic(Channel.EVENT)])[0] < REFUSED


async def test_processes_are_told_where_they_are_missing(gate: Dynsec) -> None:
    await gate._control.tell([words.delete_client("imm.keys")])
    try:
        assert (await gate.reconcile()).missing == ("imm.keys",)
    finally:
        (keys,) = (one for one in state.platform().clients.values() if one.username == "imm.keys")
        await gate._control.tell([words.create_client(keys, "again")])


async def test_a_changed_password_is_given_and_one_taken_back_goes(
    gate: Dynsec, wishes: Wishes, call: Call
) -> None:
    expect(wishes, Account(device=K2, password="one"))
    await gate.reconcile()
    live = call("k2", "one")
    expect(wishes, Account(device=K2))  # not known here: it stays
    assert (await gate.reconcile()).changes == 0
    expect(wishes, Account(device=K2, password="two"))
    assert (await gate.reconcile()).changed == 1
    assert live.until(lambda: live.lost)
    assert call("k2", "one").refused
    live = call("k2", "two")
    assert not live.refused
    assert (await gate.reconcile()).changes == 0
    expect(wishes, Account(device=K2, password=""))
    await gate.follow("k2")
    assert live.until(lambda: live.lost)
    assert call("k2", "two").refused
    assert call("k2").say([K2.topic(Channel.EVENT)])[0] < REFUSED
    assert (await gate.reconcile()).changes == 0


async def test_one_device_follows_the_registry(gate: Dynsec, wishes: Wishes) -> None:
    await gate.admit(K1, Certificate())
    await gate.admit(K2, Password(secret="two"))
    await gate.follow("k1")
    assert await gate._control.client("k1") is None
    expect(wishes, Account(device=K2, enabled=False))
    await gate.follow("k2")
    client = await gate._control.client("k2")
    assert client
    assert client.disabled


async def test_a_process_has_what_it_needs_and_an_app_writes_nothing(secured: Mosquitto) -> None:
    with desk(secured) as caller:
        assert caller.say([K1.topic(Channel.COMMAND)])[0] < REFUSED
        assert caller.ask(["imm/v1/#", "$share/desk/imm/v1/+/+/+/result"]) == [0x87] * 2
