"""The keeper: at each connection, at each change, from time to time, and again after a failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from app.brokers.mosquitto import Mosquitto
from city.errors import Unavailable
from contracts.topics import Device, Kind
from devices.broker import words
from devices.broker.dynsec import Dynsec
from devices.broker.keeper import Keeper
from devices.broker.port import Account
from devices.broker.rosters import Mapped
from tests.devices.broker.conftest import K1, K2, LIMIT, Call, Wishes

pytestmark = pytest.mark.system


@pytest.fixture(autouse=True)
async def empty(gate: Dynsec) -> None:
    await gate.reconcile(force=True)


@asynccontextmanager
async def keeping(gate: Dynsec, every: float = 300.0) -> AsyncIterator[Keeper]:
    keeper = Keeper(gate, gate._control._client, every=every, pause=0.02)
    task = asyncio.create_task(keeper.run())
    try:
        yield keeper
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT):
        while not condition():
            await asyncio.sleep(0.01)


async def knows(gate: Dynsec, device: str, *, enabled: bool = True) -> bool:
    client = await gate._control.client(device)
    return client is not None and client.disabled != enabled


async def eventually(gate: Dynsec, device: str, *, enabled: bool = True) -> None:
    async with asyncio.timeout(LIMIT):
        while not await knows(gate, device, enabled=enabled):
            await asyncio.sleep(0.01)


async def test_a_change_is_followed_at_once_and_cuts_whoever_was_disabled(
    gate: Dynsec, wishes: Wishes, call: Call
) -> None:
    wishes.known = {"k1": Account(device=K1)}
    async with keeping(gate) as keeper:
        await until(lambda: not keeper.trouble)
        live = call("k1")
        wishes.known = {"k1": Account(device=K1, enabled=False), "k2": Account(device=K2)}
        keeper.touch("k1")
        keeper.touch("k2")
        await eventually(gate, "k1", enabled=False)
        await eventually(gate, "k2")
        assert live.until(lambda: live.lost, 5)


async def test_what_was_changed_by_hand_is_mended_in_time(gate: Dynsec, wishes: Wishes) -> None:
    wishes.known = {"k1": Account(device=K1)}
    async with keeping(gate, every=0.05) as keeper:
        await until(lambda: not keeper.trouble)
        await gate._control.tell([words.delete_client("k1")])
        await eventually(gate, "k1")


async def test_a_broker_that_comes_back_empty_is_filled(
    secured: Mosquitto, gate: Dynsec, wishes: Wishes
) -> None:
    wishes.known = {"k1": Account(device=K1)}
    async with keeping(gate) as keeper:
        await until(lambda: not keeper.trouble)
        secured.stop()
        (secured.folder / "dynamic-security.json").unlink()
        secured.start()
        await until(lambda: gate._control._client.connection > 1 and not keeper.trouble)
        await eventually(gate, "k1")


async def test_trouble_is_told_and_ends(gate: Dynsec, wishes: Wishes) -> None:
    many = [Device(site="bima", kind=Kind.SENSOR, device=f"s{number}") for number in range(25)]
    wishes.known = {one.device: Account(device=one) for one in many}
    await gate.reconcile(force=True)
    whole = wishes.known
    wishes.known = {}
    async with keeping(gate) as keeper:
        await until(lambda: "would be removed" in keeper.trouble)
        wishes.known = whole
        await until(lambda: not keeper.trouble)
    await gate.reconcile()


async def test_a_change_while_a_device_is_followed_is_followed_again(
    gate: Dynsec, wishes: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    wishes.known = {"k1": Account(device=K1)}
    follow = gate.follow
    async with keeping(gate) as keeper:
        await until(lambda: not keeper.trouble)

        async def meanwhile(device: str) -> None:
            await follow(device)
            monkeypatch.undo()
            wishes.known = {"k1": Account(device=K1, enabled=False)}
            keeper.touch("k1")

        monkeypatch.setattr(gate, "follow", meanwhile)
        keeper.touch("k1")
        await eventually(gate, "k1", enabled=False)


async def test_a_registry_that_does_not_answer_takes_nothing_away(
    gate: Dynsec, wishes: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    wishes.known = {"k1": Account(device=K1)}
    await gate.reconcile(force=True)

    def silent(*_: object) -> None:
        raise Unavailable("no answer")

    monkeypatch.setattr(wishes, "accounts", silent)
    monkeypatch.setattr(wishes, "account", silent)
    async with keeping(gate) as keeper:
        await until(lambda: "not available" in keeper.trouble)
        keeper.touch("k1")
        wishes.known = {"k1": Account(device=K1, enabled=False)}
        assert await knows(gate, "k1")
        monkeypatch.undo()
        await eventually(gate, "k1", enabled=False)
        await until(lambda: not keeper.trouble)


def test_mappings_add_what_a_device_may_write(wishes: Wishes) -> None:
    wishes.known = {"k1": Account(device=K1)}
    mapped = Mapped(wishes, lambda device: [f"tele/{device}/SENSOR"])
    assert [one.mapped for one in mapped.accounts()] == [("tele/k1/SENSOR",)]
    found = mapped.account("k1")
    assert found
    assert found.mapped == ("tele/k1/SENSOR",)
    assert mapped.account("k2") is None
