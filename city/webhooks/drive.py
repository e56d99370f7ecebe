"""One receiver's way along the outbox: by itself, so that a slow or dead one holds up nobody else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Final

from city import outbox
from city.outbox import letters
from city.webhooks import settling, stream
from city.webhooks.base import Base
from city.webhooks.errors import Away
from city.webhooks.line import KEPT, Answer, Line
from city.webhooks.model import GAP, TEST, Place, consumer
from city.webhooks.records import Loaded
from city.webhooks.signing import headers
from city.webhooks.stream import Event
from city.webhooks.verdicts import Verdict, judge, reason
from city.webhooks.window import Item, Window
from contracts import cloudevents

_log: Final = logging.getLogger(__name__)


class Drive:
    """Fills its window from the outbox, sends what may be sent, and keeps count of how the receiver fares."""

    def __init__(
        self, base: Base, loaded: Loaded, secrets: Sequence[str], *, may: Callable[[str], bool]
    ) -> None:
        """`may`: whether its owner may hear of events of a type."""
        subscription, place = loaded.subscription, loaded.place
        self.subscription = subscription
        self.health = settling.Health(base, subscription, place)
        self.asked = True  # perhaps someone wants letters sent again
        self._base = base
        self._secrets = secrets
        self._may = may
        self._window = Window(place.position)
        self._flights = 0  # requests under way
        self._extras = 0  # of these, beyond the one that every receiver may have
        self._wake = asyncio.Event()
        self._wants: dict[str, bool] = {}
        self._line: Line | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, and nothing older than the newest events is wanted."""
        return not self._window and not self.asked

    @property
    def scanned(self) -> int:
        """Position up to which it has looked."""
        return self._window.scanned

    @property
    def position(self) -> int:
        """All events up to this position are done with."""
        return self._window.position

    def wants(self, type_: str) -> bool:
        """Whether events of this type go to its receiver."""
        if type_ not in self._wants:
            mine = any(fnmatchcase(type_, pattern) for pattern in self.subscription.types)
            self._wants[type_] = type_ == TEST or (mine and self._may(type_))
        return self._wants[type_]

    def skip(self, head: int) -> None:
        """Pass over events that it does not want; only while it is idle."""
        self._window.scanned = head

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    def ask(self) -> None:
        """Someone wants letters sent again."""
        if not self._window.letters:
            self.asked = True
            self._wake.set()

    def place(self) -> Place:
        """Where it stands."""
        return self.health.place(self._window.position)

    async def run(self) -> None:
        """Tell the receiver until cancelled. Raises LeaseLost."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while not self.health.disabled:
                    self._wake.clear()
                    await self._fill()
                    self._launch(tasks)
                    await self._rest()
        finally:
            self._base.extra += self._extras  # of requests that were ended before they began
            await self._hang_up()

    async def _rest(self) -> None:
        """Until something happens, or the next item may be sent; connections do not outlive their use."""
        limit = KEPT
        when = self._window.when()
        if when is not None and self._free:
            limit = max(0.0, max(when, self.health.not_before) - self._base.clock.monotonic())
        try:
            async with asyncio.timeout(limit):
                await self._wake.wait()
        except TimeoutError:
            if not self._window:
                await self._hang_up()

    async def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    @property
    def _free(self) -> bool:
        """Whether one more request may be under way. A receiver that failed gets one, until that is taken."""
        flights = self._flights
        most = 1 if self.health.streak else self.subscription.parallel
        return flights < most and (not flights or self._base.extra > 0)

    def _launch(self, tasks: asyncio.TaskGroup) -> None:
        now = self._base.clock.monotonic()
        while now >= self.health.not_before and self._free:
            item = self._window.next(now, probing=self.health.streak > 0)
            if item is None:
                return
            item.flying = True
            item.tries += 1
            extra = self._flights > 0
            self._base.extra -= extra
            self._extras += extra
            self._flights += 1
            tasks.create_task(self._fly(item, extra=extra))

    async def _fly(self, item: Item, *, extra: bool) -> None:
        try:
            try:
                answer = await self._post(item)
                verdict, why, after = judge(answer), reason(answer), answer.retry_after
            except Away as error:
                answer, verdict, why, after = Answer(status=0), Verdict.FAULT, str(error), ""
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop other receivers
                _log.exception("event %d cannot be sent to %s", item.position, self.subscription.id)
                answer, verdict, why, after = Answer(status=0), Verdict.FAULT, letters.told(error), ""
            if await self.health.settle(item, verdict, status=answer.status, why=why, retry_after=after):
                self._window.finish(item)
                self.asked = self.asked or (item.letter is not None and not self._window.letters)
        finally:
            item.flying = False
            self._flights -= 1
            self._base.extra += extra
            self._extras -= extra
            self._wake.set()

    async def _post(self, item: Item) -> Answer:
        if self._line is None:
            mine = self.subscription
            base = self._base
            self._line = Line(mine.url, base.guard, base.settings, base.tls, parallel=mine.parallel)
        now = self._base.clock.now()
        both = self.subscription.rotated is not None and self.subscription.rotated > now
        secrets = self._secrets if both else self._secrets[:1]
        return await self._line.post(
            headers(secrets, key=item.event.key, body=item.event.body, now=now), item.event.body
        )

    async def _fill(self) -> None:
        """Take wanted events into the window, as many as it has room for."""
        if self.asked:
            self.asked = False
            await self._take_letters()
        recent = self._base.recent
        while self._window.room > 0 and self._window.scanned < recent.head:
            if self._window.scanned < recent.floor:
                await self._read()
                continue
            for event in recent.after(self._window.scanned):
                self._add(event)
                if self._window.room <= 0:
                    return
            self._window.scanned = recent.head

    async def _read(self) -> None:
        """Read older events from the table; where some are gone, the receiver is told of the gap."""
        after, room, head = self._window.scanned, self._window.room, self._base.recent.head
        types = (*self.subscription.types, TEST)
        oldest, found = await self._base.read(stream.older, after, room, types)
        if 0 < after < oldest - 1:
            self._add(self._gap(after, oldest - 1))
        for event in found[: self._window.room]:
            self._add(event)
        if len(found) < room and self._window.room > 0:
            self._window.scanned = max(self._window.scanned, head)

    def _add(self, event: Event) -> None:
        mine = event.subject == self.subscription.id
        if event.type == GAP or (self.wants(event.type) and (mine or event.type != TEST)):
            self._window.add(Item(event=event))
        self._window.scanned = event.position

    def _gap(self, after: int, until: int) -> Event:
        """Declare that events after one position, up to another, are no longer kept."""
        self.health.gap = (after, until)
        now = self._base.clock.now()
        told = outbox.event(
            GAP,
            id=f"gap-{self.subscription.id}-{until}",
            source="/webhooks",
            subject=self.subscription.id,
            time=now,
            data={"after": after, "resumed": until},
        )
        body = cloudevents.encode(told).decode()
        return Event(position=until, key=told.id, type=GAP, subject=told.subject, created=now, body=body)

    async def _take_letters(self) -> None:
        found = await self._base.read(letters.asked, consumer(self.subscription.id), self._window.room)
        for letter in found:
            if letter.id not in self._window.letters:
                self._window.add(Item(event=stream.again(letter), letter=letter))
