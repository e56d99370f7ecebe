"""The console put together: what app hands to the web shell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from console import live
from console.api import books, fleet, letters, samples
from console.asking import Asker
from console.errors import Slow, Unknown
from console.ports import Ports
from contracts.judgements import Text
from runtime.clock import Clock
from web.contribution import Contribution, Nav


def contribution(ports: Ports, *, clock: Clock, thanks: Sequence[Text] = ()) -> Contribution:
    """Pages and API of the console. `thanks`: where data that is shown comes from, for the footer."""
    asker = Asker()
    page = live.Live(ports, clock=clock, asker=asker)
    return Contribution(
        name="console",
        routers=(
            live.router(page, ports, asker, thanks),
            fleet.router(page.fleet, asker),
            samples.router(ports.series, clock, asker),
            books.router(ports.ledger, clock, asker),
            letters.router(ports.letters, asker),
        ),
        nav=(Nav(path="/", title="Now", order=10),),
        known={Slow: 503, Unknown: 404},
        folder=Path(__file__).parent,
    )
