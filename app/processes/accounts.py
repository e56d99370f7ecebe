"""The broker's accounts, kept by the desk process: devices that are let in, and what each of them may."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any

from app.parts import Parts, roster
from devices.broker import seed as seeds
from devices.broker import state
from devices.broker.control import Control
from devices.broker.dynsec import Dynsec
from devices.broker.files import Files
from devices.broker.keeper import Keeper
from devices.broker.port import Wanted
from devices.broker.rosters import Mapped
from devices.enrolment.wanted import OfRegistry
from runtime import mqtt


async def start(parts: Parts) -> None:
    """Start to keep them, where the broker has accounts (`broker.access`)."""
    if parts.settings.broker.access == "open":
        return
    client, gate = await opened(parts)
    keeper = Keeper(gate, client)
    parts.roster.on_change(keeper.touch)
    parts.follow_roster()
    parts.service.start("accounts of the broker", keeper.run())
    watched: dict[str, Keeper | Files] = {"accounts": keeper}
    if folder := parts.settings.broker.trust:
        watched["trust"] = files = Files(folder, partial(trust, parts))
        parts.roster.on_change(files.touch)
        parts.service.start("whom the broker trusts", files.run())
    parts.service.start("health of the broker's accounts", _watch(parts, watched))


async def opened(parts: Parts) -> tuple[mqtt.Client, Dynsec]:
    """The gate of this platform's broker, by a connection of its own; it may not stand yet."""
    client = await parts.client("accounts")
    control = Control(client, new_id=parts.ids, clock=parts.clock)
    return client, Dynsec(control, wanted(parts), mapped=parts.mappings.filters)


def wanted(parts: Parts) -> Wanted:
    """What the broker should know of devices."""
    registry = OfRegistry(parts.db, parts.fleet.accounts, roster(parts.settings))
    return Mapped(registry, parts.mappings.written_by)


def seed(parts: Parts, others: list[dict[str, Any]]) -> bytes:
    """The file of a new broker with all devices, and these accounts of processes and apps."""
    known = tuple(wanted(parts).accounts())
    want = state.joined([state.platform(parts.mappings.filters), *map(state.own, known)])
    passwords = {one.device.device: one.password for one in known if one.password}
    return seeds.extended(seeds.document(want, passwords, secrets.token_bytes), others)


def trust(parts: Parts) -> Mapping[str, str]:
    """What the broker's `cafile` and `crlfile` hold. Raises NoAuthority, Unavailable."""
    authority = parts.fleet.authority
    with parts.db.read() as tx:
        return {"ca.pem": authority.trusted(tx), "crl.pem": authority.revoked(tx)}


async def _watch(parts: Parts, watched: Mapping[str, Keeper | Files]) -> None:
    while True:
        for name, one in watched.items():
            parts.service.health.set(name, ok=not one.trouble, reason=one.trouble)
        await asyncio.sleep(1)
