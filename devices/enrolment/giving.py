"""What a device is told with a certificate: its chain, whom to believe, where to connect, when to renew."""

from __future__ import annotations

from sqlalchemy import Connection

from contracts.enrolment import Broker, Given, Updates
from devices.ca import Authority, Issued
from devices.registry import Device


class Giver:
    """`vouched`: PEM of who vouches for the broker besides us; `renew`: part of a certificate's life."""

    def __init__(
        self,
        authority: Authority,
        broker: Broker,
        *,
        vouched: str = "",
        renew: float = 2 / 3,
        updates: Updates | None = None,
    ) -> None:
        self._authority = authority
        self._broker = broker
        self._vouched = vouched
        self._renew = renew
        self._updates = updates or Updates()

    def given(self, tx: Connection, device: Device, issued: Issued) -> Given:
        """All of it."""
        return Given(
            device=device.device,
            kind=device.kind,
            site=device.site,
            title=device.title,
            certificate=self._authority.chain(tx, issued.serial),
            trusted=self._authority.trusted(tx) + self._vouched,
            broker=self._broker,
            serial=issued.serial,
            renew=issued.issued + round((issued.ends - issued.issued) * self._renew),
            ends=issued.ends,
            updates=self._updates,
        )
