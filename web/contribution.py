"""What a package adds to the platform's web side: one record, handed to web.shell by app."""

from __future__ import annotations

from pathlib import Path

import msgspec
from fastapi import APIRouter

from city.identity.roles import Role
from city.outbox import Deliverer, Handler
from web.problems import Known


class Nav(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the navigation."""

    path: str
    title: str  # msgid, translated when shown
    order: int = 100  # smaller stands further left


class Contribution(msgspec.Struct, frozen=True, kw_only=True):
    """Routes, pages, roles, event consumers and errors of one package.

    `folder` is the package's folder; its `templates/`, `static/` and `locale/` are found in it.
    """

    name: str
    routers: tuple[APIRouter, ...] = ()
    nav: tuple[Nav, ...] = ()
    roles: tuple[Role, ...] = ()  # who may what here; those of one name add up
    handlers: tuple[Handler, ...] = ()
    deliverers: tuple[Deliverer, ...] = ()
    known: Known = {}  # errors of the domain, and the HTTP status that tells them
    folder: Path | None = None
