"""The gate of a broker that stands open: it takes every call, and says what it does not enforce."""

from __future__ import annotations

from devices.broker.open import Open
from devices.broker.port import Certificate, Done, Gate, Password
from tests.devices.broker.conftest import K1


async def test_it_takes_every_call_and_does_nothing() -> None:
    gate: Gate = Open()
    await gate.admit(K1, Certificate())
    await gate.admit(K1, Password(secret="one"), ["tele/k1/SENSOR"])
    await gate.disable(K1)
    await gate.enable(K1)
    await gate.remove(K1)
    await gate.follow("k1")
    assert await gate.reconcile(force=True) == Done()


def test_it_says_what_it_does_not_enforce() -> None:
    assert any("every topic" in lack for lack in Open.lacks)
    assert any("disabled" in lack for lack in Open.lacks)
    assert any("certificates" in lack for lack in Open.lacks)
