"""What a package adds to the platform's web side: one record, handed to web.shell by app."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from fastapi import APIRouter

from city import schedule
from city.identity.caller import Caller
from city.identity.roles import Role
from city.outbox import Deliverer, Handler
from city.privacy import Hook, Policy
from city.search import Source
from web.problems import Known


class Nav(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the navigation."""

    path: str
    title: str  # msgid, translated when shown
    order: int = 100  # smaller stands further left
    needs: str = ""  # permission without which it is not shown; empty: shown to everyone
    any_of: tuple[str, ...] = ()  # permissions of which one is enough

    def shown(self, caller: Caller) -> bool:
        """Whether it leads somewhere for this caller."""
        wanted = (self.needs,) if self.needs else self.any_of
        return not wanted or any(caller.may(one) for one in wanted)


class Contribution(msgspec.Struct, frozen=True, kw_only=True):
    """Routes, pages, roles, event consumers and errors of one package.

    `folder` is the package's folder; its `templates/`, `static/` and `locale/` are found in it.
    """

    name: str
    routers: tuple[APIRouter, ...] = ()
    nav: tuple[Nav, ...] = ()
    roles: tuple[Role, ...] = ()  # who may what here; those of one name add up
    hears: Mapping[str, str] = {}  # pattern of its events' types → permission to hear of them
    handlers: tuple[Handler, ...] = ()
    deliverers: tuple[Deliverer, ...] = ()
    clocks: tuple[schedule.Handler, ...] = ()  # who acts when clocks of its kinds fire
    subjects: tuple[Hook, ...] = ()  # what it has of a person: to hand to him, or to erase
    retention: tuple[Policy, ...] = ()  # how long its records are kept
    search: tuple[Source, ...] = ()  # what of it can be found, for building the search anew
    known: Known = {}  # errors of the domain, and the HTTP status that tells them
    large: Mapping[str, int] = {}  # path prefix → bytes that a request there may bring; elsewhere 1 MiB
    folder: Path | None = None
