"""The gate of a broker without accounts, on loopback only: it stands open, and says so."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.topics import Device
from devices.broker.port import Credentials, Done


class Open:
    """port.Gate that changes nothing: whoever is on this machine may say and hear everything."""

    lacks = (
        "everybody on this machine may read and write every topic",
        "a disabled or removed device is not cut off",
        "certificates are not asked for",
    )

    async def admit(self, device: Device, credentials: Credentials, mapped: Iterable[str] = ()) -> None:
        """It is in already."""

    async def disable(self, device: Device) -> None:
        """It stays in."""

    async def enable(self, device: Device, mapped: Iterable[str] = ()) -> None:
        """It was never out."""

    async def remove(self, device: Device) -> None:
        """It stays in."""

    async def follow(self, device: str) -> None:
        """Nothing is to be done."""

    async def reconcile(self, *, force: bool = False) -> Done:  # noqa: ARG002 - the port's signature
        return Done()
