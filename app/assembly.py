"""Who contributes to the web side, and who consumes events."""

from __future__ import annotations

import msgspec

import alerts.cap.wiring
import alerts.explain.routes
import alerts.publish
import alerts.rulebook.wiring
import alerts.wiring
import app.rulebook
import console.wiring
import devices.control.sections
import devices.control.wiring
import devices.presence.routes
import devices.registry.publish
import devices.updates.routes
import devices.wiring
import programmes.tangi.wiring
import web.admin.wiring
import web.check
import web.files
import web.letters
import web.notices.wiring
import web.operations.wiring
import web.places
import web.rights.wiring
import web.search
import web.webhooks
from alerts.explain.service import Explainer
from app import alerting
from app.letters import Letters
from app.parts import Parts, roster
from city import privacy, schedule
from city.identity.holders import Holders
from city.outbox import Consumer, Deliverer
from city.outbox.consumers import Beside
from console.ports import Ports
from devices.enrolment.findings import telling
from devices.enrolment.renewing import Driver
from ingest.replay import Replay
from runtime.mqtt import Client
from web.contribution import Contribution


class Assembly(msgspec.Struct, frozen=True, kw_only=True):
    """All contributions, in the order of the navigation."""

    contributions: tuple[Contribution, ...]
    besides: tuple[Beside, ...] = ()  # what works beside the relay, where this process has it

    @property
    def consumers(self) -> list[Consumer]:
        """Handlers and deliverers of all contributions."""
        handlers = [handler for one in self.contributions for handler in one.handlers]
        deliverers = [deliverer for one in self.contributions for deliverer in one.deliverers]
        return [*handlers, *deliverers]

    @property
    def clocks(self) -> list[schedule.Handler]:
        """Handlers of clocks of all contributions."""
        return [handler for one in self.contributions for handler in one.clocks]

    @property
    def subjects(self) -> list[privacy.Hook]:
        """Who has something of a person."""
        return [hook for one in self.contributions for hook in one.subjects]

    @property
    def retention(self) -> list[privacy.Policy]:
        """How long records of each kind are kept."""
        return [policy for one in self.contributions for policy in one.retention]


def assemble(parts: Parts, client: Client | None = None) -> Assembly:
    """Put the contributions together. `client`: the connection of the process that has the relay."""
    warned = alerts.wiring.wire(parts.db, alerting.means(parts), clock=parts.clock, ids=parts.ids)
    desk = warned.desk
    told, listed = _retained(parts, client) if client else ((), ())
    hands = (
        devices.control.wiring.hands(
            parts.control,
            parts.db,
            clock=parts.clock,
            client=client,
            roster=parts.roster,
            alarms=desk,
            registry=parts.registry,
        )
        if client
        else devices.control.wiring.Hands()
    )
    tangi = programmes.tangi.wiring.wire(
        parts.db,
        programmes.tangi.wiring.Core(
            trail=parts.audit,
            notices=parts.notifications.notices,
            holders=Holders(parts.identity.catalogue, clock=parts.clock),
            clocks=parts.clocks,
            index=parts.index,
        ),
        clock=parts.clock,
        ids=parts.ids,
        registry=parts.registry,
        settings=parts.settings.tangi,
    )
    cap = alerts.cap.wiring.wire(
        parts.db,
        parts.atlas.areas,
        clock=parts.clock,
        settings=parts.settings.cap,
        address=parts.settings.identity.address,
    )
    replay = Replay(
        dead=parts.store.dead_letters,
        sink=parts.store.sink,
        frames=parts.store.frames,
        reader=parts.store.engine,
        roster=parts.roster,
        clock=parts.clock,
        settings=parts.settings.ingest,
        mappings=parts.mappings,
    )
    ports = Ports(
        series=parts.store.engine,
        ledger=parts.store.ledger,
        roster=parts.roster,
        alerts=desk,
        incidents=tangi.incidents,
        probes=tangi.probes,
        letters=Letters(parts.store.dead_letters, replay),
    )
    return _together(
        parts,
        besides=(*hands.besides, *((_renewals(parts), cap.beside) if client else ())),
        contributions=(
            console.wiring.contribution(ports, clock=parts.clock, thanks=parts.settings.thanks),
            tangi.contribution,
            alerts.wiring.contribution(warned, deliverers=told),
            cap.contribution,
            alerts.explain.routes.contribution(
                Explainer(
                    desk,
                    parts.store.engine,
                    clock=parts.clock,
                    cache=parts.settings.data / "cache" / "matplotlib",
                )
            ),
            alerts.rulebook.wiring.contribution(parts.db, parts.rulebook, app.rulebook.reading()),
            devices.updates.routes.contribution(parts.settings.devices.versions),
            devices.presence.routes.contribution(parts.db, parts.roster),
            devices.wiring.contribution(
                parts.fleet,
                parts.db,
                parts.papers.imports,
                files=parts.papers.files,
                links=parts.papers.links,
                roster=parts.roster,
                sites=parts.atlas.sites,
                clock=parts.clock,
                deliverers=listed,
                sections=devices.control.sections.of(parts.control),
            ),
            devices.control.wiring.contribution(
                parts.control, parts.db, parts.roster, deliverers=hands.deliverers
            ),
            web.files.contribution(
                parts.db, parts.papers.files, parts.papers.links, trail=lambda _use: parts.audit
            ),
            web.check.contribution(parts.papers.register),
            web.webhooks.contribution(parts.webhooks, parts.db, vault=parts.vault),
            web.letters.contribution(parts.db, clock=parts.clock, trail=parts.audit),
            web.places.contribution(parts.atlas),
            parts.account.contribution,
            web.admin.wiring.contribution(parts.identity, parts.book, clock=parts.clock),
            web.admin.wiring.webhooks(parts.webhooks, parts.db, parts.book),
            web.admin.wiring.places(
                parts.atlas, parts.settings.calendar, parts.db, clock=parts.clock, trail=parts.audit
            ),
            web.notices.wiring.contribution(parts.db, parts.notifications, clock=parts.clock),
            web.operations.wiring.contribution(parts.db, clock=parts.clock, trail=parts.audit),
        ),
    )


def _retained(parts: Parts, client: Client) -> tuple[tuple[Deliverer], tuple[Deliverer]]:
    """What keeps the retained topics of alerts, and of the roster, true."""
    told = alerts.publish.deliverer(client=client, db=parts.db, registry=parts.registry)
    listed = devices.registry.publish.deliverer(
        client=client, db=parts.db, beside=roster(parts.settings), registry=parts.registry
    )
    return (told,), (listed,)


def _renewals(parts: Parts) -> Beside:
    """What has devices renew their certificates."""
    commands = parts.control.programmes
    tell = telling(
        parts.fleet.renewal,
        parts.notifications.notices,
        Holders(parts.identity.catalogue, clock=parts.clock),
    )
    driver = Driver(parts.db, parts.fleet.renewal, commands, clock=parts.clock, trail=parts.audit, tell=tell)
    return driver.beside()


def _together(
    parts: Parts, *, contributions: tuple[Contribution, ...], besides: tuple[Beside, ...]
) -> Assembly:
    """These, the search over what they have, and a person's rights over what they have of him."""
    kinds = [source.kind for one in contributions for source in one.search]
    for one in contributions:
        parts.hears.update(one.hears)
    subjects = privacy.Subjects(
        parts.db,
        vault=parts.vault,
        trail=parts.audit,
        clock=parts.clock,
        ids=parts.ids,
        hooks=[hook for one in contributions for hook in one.subjects],
    )
    return Assembly(
        besides=besides,
        contributions=(
            *contributions,
            web.search.contribution(parts.finder, kinds),
            web.rights.wiring.contribution(
                parts.db, parts.identity, subjects, clock=parts.clock, trail=parts.audit
            ),
        ),
    )
