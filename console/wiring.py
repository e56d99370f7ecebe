"""The console put together: what app hands to the web shell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from console import live
from console.api import books, fleet, letters, samples
from console.asking import PATIENT, Asker
from console.errors import Slow, Unknown
from console.ports import Ports
from console.roles import LIVE, ROLES
from contracts.judgements import Text
from runtime.clock import Clock
from web.contribution import Contribution, Nav


def contribution(ports: Ports, *, clock: Clock, thanks: Sequence[Text] = ()) -> Contribution:
    """Pages and API of the console. `thanks`: where data that is shown comes from, for the footer."""
    pages = Asker()
    programs = Asker(PATIENT)  # places of its own: a long query keeps no page waiting
    page = live.Live(ports, clock=clock, asker=pages)
    return Contribution(
        name="console",
        routers=(
            live.router(page, ports, pages, thanks),
            fleet.router(page.fleet, programs),
            samples.router(ports.series, clock, programs),
            books.router(ports.ledger, clock, programs),
            letters.router(ports.letters, programs),
        ),
        nav=(Nav(path="/", title="Now", order=10, needs=LIVE),),
        roles=ROLES,
        known={Slow: 503, Unknown: 404},
        folder=Path(__file__).parent,
    )
