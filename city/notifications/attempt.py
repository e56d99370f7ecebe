"""One attempt to bring a notice out on one channel: what to send, by whom, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, Row, select

from city.notifications import render
from city.notifications.errors import Away, Failure, Gone, Undeliverable
from city.notifications.inbox import opened
from city.notifications.model import Channel, Message, State
from city.notifications.outlet import Outlet
from city.notifications.plan import NO_GATEWAY, Planner
from city.notifications.ports import Recipient
from city.notifications.tables import deliveries, notices
from city.notifications.templates import Catalogue
from city.privacy import Vault
from runtime.clock import Clock


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent now."""

    delivery: int
    notice: Row[Any]
    channel: Channel
    attempts: int
    wake: int  # µs UTC since when it might have gone
    message: Message
    addresses: dict[str, str]  # by id, where one can be forgotten: browsers


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway took it."""

    provider: str
    gone: tuple[str, ...] = ()  # browsers that are no more


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """No gateway took it."""

    reason: str
    provider: str = ""  # the last that was tried
    for_good: bool = False
    after: float | None = None  # seconds that the gateway wants
    gone: tuple[str, ...] = ()


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """It is not sent now: put off to an instant, or left out for a reason."""

    until: int | None = None  # µs UTC
    reason: str = ""


Outcome = Sent | Refused | Put
_NO_WORDS: Final = "its words cannot be made"


class Attempts:
    """Loads what is to be sent, and sends it."""

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        clock: Clock,
        zone: ZoneInfo,
        site: str,
        planner: Planner,
        vault: Vault | None,
    ) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._zone = zone
        self._site = site
        self._planner = planner
        self._vault = vault

    def load(self, tx: Connection, delivery: int) -> Job | Outcome | None:
        """What to send; an outcome where nothing is; None where it is not queued any more."""
        row = tx.execute(select(deliveries).where(deliveries.c.id == delivery)).one_or_none()
        if row is None or row.state != State.QUEUED:
            return None
        notice = tx.execute(select(notices).where(notices.c.id == row.notice)).one()
        channel = Channel(row.channel)
        to = self._planner.directory.find(tx, notice.person)
        if reason := self._planner.why_not(tx, notice, channel, to):
            return Put(reason=reason)
        when = self._planner.when(tx, notice)
        if to is None or when > self._clock.now():
            return Put(until=when)
        try:
            message = self._message(tx, notice, to)
        except (Failure, KeyError, ValueError) as error:
            return Refused(reason=f"{_NO_WORDS}: {type(error).__name__}", for_good=True)
        return Job(
            delivery=row.id,
            notice=notice,
            channel=channel,
            attempts=row.attempts,
            wake=row.wake,
            message=message,
            addresses=self._addresses(tx, notice.person, channel, to),
        )

    async def send(self, job: Job, outlets: Sequence[Outlet]) -> Outcome:
        """By the first gateway that takes it; those that are left alone are not asked."""
        refused: list[Refused] = []
        gone: list[str] = []
        for outlet in outlets:
            if outlet.resting:
                refused.append(
                    Refused(reason=f"{outlet.name} is left alone for a while", provider=outlet.name)
                )
                continue
            answers = [await self._one(job, outlet, id_, gone) for id_ in self._left(job, gone)]
            if any(isinstance(answer, Sent) for answer in answers):
                return Sent(provider=outlet.name, gone=tuple(gone))
            refused += [answer for answer in answers if isinstance(answer, Refused)]
        if not refused:
            return Refused(reason=NO_GATEWAY, for_good=True)
        # Given up at once only where nobody may take it later.
        told = next((one for one in reversed(refused) if not one.for_good), refused[-1])
        return msgspec.structs.replace(told, gone=tuple(gone))

    def _left(self, job: Job, gone: Sequence[str]) -> list[str]:
        return [id_ for id_ in job.addresses or {"": ""} if id_ not in gone]

    async def _one(self, job: Job, outlet: Outlet, id_: str, gone: list[str]) -> Sent | Refused:
        try:
            await outlet.send(job.message, job.addresses.get(id_, ""))
        except Undeliverable as error:
            if isinstance(error, Gone):
                gone.append(id_)
            return Refused(reason=error.reason, provider=outlet.name, for_good=True)
        except Away as error:
            return Refused(reason=error.reason, provider=outlet.name, after=error.after)
        return Sent(provider=outlet.name)

    def _message(self, tx: Connection, notice: Row[Any], to: Recipient) -> Message:
        template = self._catalogue.get(notice.template, notice.version)
        values = opened(tx, [notice], self._vault)[notice.id]
        words = render.message(
            template, values, language=to.language, zone=self._zone, name=to.name, site=self._site
        )
        return msgspec.structs.replace(words, notice=notice.id, urgent=notice.urgent)

    def _addresses(self, tx: Connection, person: str, channel: Channel, to: Recipient) -> dict[str, str]:
        if channel == Channel.PUSH:
            found = self._planner.subscriptions.of(tx, person)
            return {id_: msgspec.json.encode(one).decode() for id_, one in found.items()}
        address = to.addresses.get(channel, "")
        return {"": address} if address else {}
