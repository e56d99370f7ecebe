"""The page `Bima sekarang`: devices, alerts, incidents, the ledger and the probes, as they are now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import RedirectResponse, Response

from console import fleet, sums, visitors
from console.asking import Asker
from console.ports import Ports
from console.roles import DEVICES, LEDGER, LIVE, SERIES
from contracts import instants
from contracts.alerts import Alert
from contracts.judgements import Text
from contracts.series import Selector
from runtime.clock import Clock
from web import access, back
from web.pages import render

SHOWN: Final = 50  # alerts and incidents on the page; more are counted
WINDOW: Final = instants.DAY  # of the ledger's line
_PROBE_STALE: Final = 3 * instants.MINUTE  # at work one probe comes a minute
_NEEDS: Final = {  # part → permission to see it; the desk and the alerts are others' to give
    "summary": LEDGER,
    "incidents": "tangi.incidents.read",
    "alerts": "alerts.alerts.read",
    "devices": DEVICES,
    "visitors": SERIES,
}


class Live:
    """Gathers what each part of the page shows."""

    def __init__(self, ports: Ports, *, clock: Clock, asker: Asker) -> None:
        self._ports = ports
        self._clock = clock
        self._asker = asker
        self._parts: dict[str, Callable[[], Awaitable[dict[str, object]]]] = {
            "summary": self._summary,
            "incidents": self._incidents,
            "alerts": self._alerts,
            "devices": self._devices,
            "visitors": self._visitors,
        }

    async def part(self, name: str) -> dict[str, object]:
        """Context of one part; parts that do not answer say so in it."""
        return await self._parts[name]()

    async def page(self, caller: access.Who) -> dict[str, object]:
        """Context of all parts that the caller may see."""
        parts = [name for name, needed in _NEEDS.items() if caller.may(needed)]
        contexts = await asyncio.gather(*(self.part(name) for name in parts))
        return {"parts": parts} | {key: value for context in contexts for key, value in context.items()}

    async def _summary(self) -> dict[str, object]:
        now = self._clock.now()
        totals, probes, letters = await asyncio.gather(
            self._asker.attempt("the ledger", lambda: self._sums(now)),
            self._asker.attempt("the desk", self._ports.probes.last_hour),
            self._asker.attempt("the dead letters", self._ports.letters.count),
        )
        newest = probes.value.newest if probes.value else None
        return {
            "totals": totals,
            "probes": probes,
            "probes_stale": newest is not None and now - newest > _PROBE_STALE,
            "letters": letters,
        }

    def _sums(self, now: int) -> sums.Sums:
        start = instants.floor(now - WINDOW, instants.HOUR)
        totals = self._ports.ledger.totals(start, now + instants.HOUR)
        return sums.of(totals, self._ports.ledger.holes())

    async def _incidents(self) -> dict[str, object]:
        call = self._ports.incidents.working
        return {
            "incidents": await self._asker.attempt("the desk", lambda: call(limit=SHOWN + 1)),
            "shown": SHOWN,
        }

    async def _alerts(self) -> dict[str, object]:
        call = self._ports.alerts.open
        return {"alerts": await self._asker.attempt("alerts", lambda: call(limit=SHOWN + 1)), "shown": SHOWN}

    async def _devices(self) -> dict[str, object]:
        answer = await self._asker.attempt("the store", self.fleet)
        entries = self._ports.roster.list()
        counts = dict.fromkeys(fleet.State, 0)
        for device in answer.value or ():
            counts[device.state] += 1
        return {"devices": answer, "entries": entries, "counts": counts}

    async def _visitors(self) -> dict[str, object]:
        call = self._ports.series.last
        return {
            "visitors": await self._asker.attempt(
                "the store", lambda: visitors.of(call(visitors.SELECTED), self._clock.now())
            )
        }

    def fleet(self) -> list[fleet.Device]:
        """Every device of the roster and how it fares. Blocks; raises the store's errors."""
        entries = self._ports.roster.list()
        return fleet.judge_all(entries, self._ports.series.last(Selector()), self._clock.now())


def router(live: Live, ports: Ports, asker: Asker, thanks: Sequence[Text]) -> APIRouter:
    """The page, its parts, and the button on an alert."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/", dependencies=[access.signed_in()])
    async def page(request: Request, caller: access.Caller) -> Response:
        if not caller.may(LIVE):  # the start of who has no role here is his own account
            return RedirectResponse(back.OWN, status_code=303)
        return render(request, "console/live.html", thanks=thanks, **await live.page(caller))

    @routes.get("/bagian/{name}", dependencies=[access.needs(LIVE)])
    async def part(
        request: Request,
        caller: access.Caller,
        name: Annotated[str, Path(pattern=f"^({'|'.join(_NEEDS)})$")],
    ) -> Response:
        access.require(caller, _NEEDS[name])
        return render(request, f"console/{name}.html", **await live.part(name))

    @routes.post("/peringatan/{alert}/acknowledge", dependencies=[access.needs("alerts.alerts.work")])
    async def acknowledge(
        request: Request,
        alert: Annotated[str, Path(max_length=64)],
        caller: access.Caller,
        note: Annotated[str, Form(max_length=500)] = "",
    ) -> Response:
        await asker.ask("alerts", lambda: _acknowledge(ports, alert, caller.name, note))
        if "hx-request" in request.headers:
            return Response(status_code=204, headers={"HX-Trigger": "imm:alert"})
        return RedirectResponse("/", status_code=303)

    return routes


def _acknowledge(ports: Ports, alert: str, by: str, note: str) -> Alert:
    return ports.alerts.acknowledge(alert, by=by, note=note)
