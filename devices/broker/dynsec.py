"""The gate of Mosquitto: accounts and roles in its dynamic-security plugin, managed over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

import msgspec

from contracts import access
from contracts.topics import Device
from devices.broker import roles, state, words
from devices.broker.control import EXISTS, NOT_FOUND, Control
from devices.broker.errors import TooMany
from devices.broker.port import Account, Credentials, Done, Password, Wanted
from devices.broker.state import State

_FEW: Final = 10  # accounts that a reconciliation may remove whatever share they are


class Dynsec:
    """port.Gate."""

    lacks = ("a disabled certificate may still connect, to say and hear nothing: revoke it besides",)

    def __init__(self, control: Control, wanted: Wanted, *, mapped: Iterable[str] = ()) -> None:
        """`mapped`: topics of third parties that ingest hears."""
        self._control = control
        self._wanted = wanted
        self._mapped = tuple(mapped)
        self._touched: set[str] = set()  # devices that changed while a reconciliation ran

    async def admit(self, device: Device, credentials: Credentials, mapped: Iterable[str] = ()) -> None:
        """Let it in anew: who came in by older credentials is cut. A renewed certificate needs no call."""
        self._touched.add(device.device)
        password = credentials.secret if isinstance(credentials, Password) else ""
        await self._control.tell([words.delete_client(device.device)], pardon=NOT_FOUND)
        await self._settle(Account(device=device, mapped=tuple(mapped), password=password))

    async def disable(self, device: Device) -> None:
        self._touched.add(device.device)
        shut = state.client(Account(device=device, enabled=False))
        await self._control.tell(
            [words.modify_client(shut), words.disable_client(shut.username)], pardon=NOT_FOUND
        )

    async def enable(self, device: Device, mapped: Iterable[str] = ()) -> None:
        self._touched.add(device.device)
        await self._settle(Account(device=device, mapped=tuple(mapped)))

    async def remove(self, device: Device) -> None:
        self._touched.add(device.device)
        role = roles.of_device(device).rolename
        await self._control.tell(
            [words.delete_client(device.device), words.delete_role(role)], pardon=NOT_FOUND
        )

    async def reconcile(self, *, force: bool = False) -> Done:
        """Read what the broker knows, then what is wanted: what was disabled meanwhile is never let in.

        Raises TooMany, Refused, Silent, Denied; what was done stays, and the next turn does the rest.
        """
        self._touched.clear()
        known = await self._known()
        accounts = await asyncio.to_thread(lambda: tuple(self._wanted.accounts()))
        want = self._want(known, accounts)
        missing = sorted(access.account(role) for role in state.PROCESSES)
        missing = [name for name in missing if name not in known.clients]
        found = state.plan(known, want, {account.device.device: account.password for account in accounts})
        if not force and found.removed > max(_FEW, len(known.clients) // 2):
            raise TooMany(found.removed, len(known.clients))
        await self._control.tell(found.commands, pardon=EXISTS | NOT_FOUND)
        for device in sorted(self._touched):
            await self.follow(device)
        return Done(
            created=found.created,
            changed=found.changed,
            removed=found.removed,
            roles=found.roles,
            other=found.other,
            kept=found.kept,
            missing=tuple(missing),
        )

    async def follow(self, device: str) -> None:
        """Make one device as wanted, or unknown where it is not."""
        account = await asyncio.to_thread(self._wanted.account, device)
        if account:
            await self._settle(account)
        else:
            await self._control.tell(
                [words.delete_client(device), words.delete_role(f"{roles.DEVICE}{device}")], pardon=NOT_FOUND
            )

    async def _settle(self, account: Account) -> None:
        want = state.own(account)
        (name,) = want.clients
        client = await self._control.client(name)
        held = [role for one in want.roles if (role := await self._control.role(one))]
        known = State(
            clients={name: client} if client else {},
            roles={role.rolename: frozenset(role.acls) for role in held},
        )
        found = state.plan(known, want, {name: account.password})
        await self._control.tell(found.commands, pardon=EXISTS)

    async def _known(self) -> State:
        control = self._control
        return State(
            clients={client.username: client for client in await control.clients()},
            roles={role.rolename: frozenset(role.acls) for role in await control.roles()},
            groups=tuple(await control.groups()),
            defaults=await control.defaults(),
        )

    def _want(self, known: State, accounts: Iterable[Account]) -> State:
        """Processes are not made: their passwords are not known here. Apps made by hand get what apps may."""
        platform = state.platform(self._mapped)
        apps = (name for name in known.clients if name.startswith(access.APPS))
        want = state.joined([platform, *map(state.own, accounts)])
        clients = {
            name: one
            for name, one in want.clients.items()
            if name in known.clients or name not in platform.clients
        }
        clients |= {name: state.app(name) for name in apps}
        return msgspec.structs.replace(want, clients=clients)
