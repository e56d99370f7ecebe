"""One receiver's drive by itself: what it shares with the others it gives back."""

import asyncio

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from city.db import Lease
from city.errors import LeaseLost
from city.webhooks import records
from city.webhooks.base import Base
from city.webhooks.drive import Drive
from city.webhooks.figures import Figures
from city.webhooks.guard import Guard
from city.webhooks.stream import Event, Recent
from tests.city.webhooks.receiver import receiving, reply
from tests.city.webhooks.stage import SETTINGS, Stage


def event(position: int) -> Event:
    subject = f"s{position}"
    return Event(position=position, key=subject, type="thing.made", subject=subject, created=0, body="{}")


def base_of(stage: Stage) -> Base:
    """Of a process that has lost its lease: what it writes fails."""
    return Base(
        stage.db,
        Lease(stage.db, "webhooks", stage.clock),
        clock=stage.clock,
        ids=stage.ids,
        guard=Guard(SETTINGS.allow, stage.clock),
        settings=msgspec.structs.replace(SETTINGS, extra=2, attempts=1),
        figures=Figures(CollectorRegistry()),
    )


async def test_requests_that_were_ended_before_they_began_are_given_back(stage: Stage) -> None:
    async with receiving() as app:
        app.answer(*[reply(422)] * 8)
        new, secret = stage.add(app.url, parallel=2)
        base = base_of(stage)
        with stage.db.read() as tx:
            (loaded,) = records.load(tx, [new.id])
        base.recent = Recent(0)
        base.recent.add([event(position) for position in range(1, 5)], 4)
        drive = Drive(base, loaded, [secret], may=lambda _: True)
        drive.asked = False  # no letters: it launches, and ends, without waiting for anything between
        with pytest.raises(BaseExceptionGroup) as raised:
            await asyncio.wait_for(drive.run(), 30)
        await base.close()
    assert raised.group_contains(LeaseLost)
    assert len(app.got) == 2, "the third was under way only in name"
    assert base.extra == 2
