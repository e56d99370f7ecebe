"""Where the matrix is tried: on a Mosquitto of its own, or by accounts of its own on one that others use."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from app.brokers.access import Access
from app.brokers.matrix import Party, World
from app.brokers.mosquitto import Mosquitto
from app.brokers.port import Endpoint
from app.brokers.trial import Outcome, Trial
from contracts.access import Topics
from contracts.topics import ROOT
from devices.broker import roles, seed, state, words
from devices.broker.control import NOT_FOUND, Control
from devices.broker.port import Account
from devices.broker.state import State
from devices.broker.words import Client, Held, Role
from runtime import ids, mqtt
from runtime.clock import System
from runtime.mqtt import tls

_CONNECT: Final = 15.0  # seconds


def witness(world: World) -> Party:
    """Who hears everything of the two sites."""
    sites = (world.own.site, world.far.site)
    return Party(
        label="witness",
        account=f"check.witness{world.mark}",
        topics=Topics(read=[f"{ROOT}/{site}/#" for site in sites]),
    )


def at_own(change: Callable[[State], State] = lambda state: state) -> list[Outcome]:
    """Try a Mosquitto started for it. `change`: what it shall have instead. Raises Failure."""
    world = World()
    parties = world.parties()
    want = change(state.joined([state.platform(), _accounts(world)]))
    passwords = {name: secrets.token_urlsafe(16) for name in want.clients}
    with tempfile.TemporaryDirectory(prefix="imm-acl-") as folder:
        access = Access(seed=seed.document(want, passwords, secrets.token_bytes))
        broker = Mosquitto(Path(folder), access=access)
        broker.start()
        try:
            return Trial(broker.endpoints[0], world, passwords).run(parties, witness(world))
        finally:
            broker.stop()


async def at(settings: mqtt.Settings) -> list[Outcome]:
    """Try a broker that others use: accounts are made for it, and removed. Raises both packages' Failure."""
    world = World(mark=f"-{secrets.token_hex(4)}")
    parties = [_renamed(party, world) for party in world.parties()]
    place = Endpoint(host=settings.host, port=settings.port, protocols=(5,))
    async with _made(settings, world, parties) as passwords:
        trial = Trial(place, world, passwords, tls=_trust(settings), live=True)
        return await asyncio.to_thread(trial.run, parties, witness(world))


def _accounts(world: World) -> State:
    """Devices of the world, one of them disabled, and who hears all."""
    ear = witness(world)
    devices = (
        Account(device=world.own),
        Account(device=world.peer),
        Account(device=world.far, enabled=False),
    )
    client = Client(username=ear.account, roles=(Held(rolename=ear.account),))
    app = state.app("app.check")
    return state.joined(
        [
            *map(state.own, devices),
            State(
                clients={one.username: one for one in (client, app)},
                roles={ear.account: frozenset(roles.acls(ear.topics))},
            ),
        ]
    )


def _renamed(party: Party, world: World) -> Party:
    """Processes and apps under names of the trial: the real ones are at work."""
    if party.device:
        return party
    return msgspec.structs.replace(party, account=f"check.{party.label}{world.mark}")


@asynccontextmanager
async def _made(settings: mqtt.Settings, world: World, parties: list[Party]) -> AsyncIterator[dict[str, str]]:
    """Passwords of the accounts that were made for the trial; they are removed afterwards."""
    want = _accounts(world)
    clients = {name: one for name, one in want.clients.items() if not name.startswith("app.")}
    for party in parties:
        if not party.device:
            held = (Held(rolename=f"imm.{party.label}"),)
            clients[party.account] = Client(username=party.account, roles=held)
    passwords = {name: secrets.token_urlsafe(16) for name in clients}
    client = mqtt.Client(settings, client_id=f"imm.check{world.mark}")
    control = Control(client, new_id=ids.factory(System()), clock=System(), patience=settings.patience)
    drop = [
        *(words.delete_client(name) for name in clients),
        *(words.delete_role(name) for name in want.roles),
    ]
    async with client:
        await client.wait_connected(_CONNECT)
        await control.defaults()  # a broker that stands open takes it, and says nothing
        try:
            await control.tell(
                [
                    *(
                        words.create_role(Role(rolename=name, acls=tuple(sorted(acls))))
                        for name, acls in want.roles.items()
                    ),
                    *(words.create_client(one, passwords[name]) for name, one in clients.items()),
                    *(words.disable_client(name) for name, one in clients.items() if one.disabled),
                ]
            )
            yield passwords
        finally:
            await control.tell(drop, pardon=NOT_FOUND)


def _trust(settings: mqtt.Settings) -> ssl.SSLContext | None:
    """As the settings say, without the certificate of whoever asks."""
    return tls.context(msgspec.structs.replace(settings, cert_file=None, key_file=None))
