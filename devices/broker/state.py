"""What the broker knows and what it should know, and the commands that lead from one to the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

import msgspec

from contracts import access
from devices.broker import roles, words
from devices.broker.port import Account
from devices.broker.words import Acl, Client, Command, Held, Role

PROCESSES: Final = tuple(role for role in access.Role if role is not access.Role.APP)
DEFAULTS: Final = {kind: kind in words.OPEN for kind in words.DEFAULTS}


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts and roles by name."""

    clients: Mapping[str, Client] = {}
    roles: Mapping[str, frozenset[Acl]] = {}
    groups: tuple[str, ...] = ()  # we use none
    defaults: Mapping[str, bool] = msgspec.field(default_factory=lambda: dict(DEFAULTS))


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Commands in order, and what they do."""

    commands: tuple[Command, ...] = ()
    created: int = 0
    changed: int = 0
    removed: int = 0
    roles: int = 0
    other: int = 0
    kept: int = 0


def client(account: Account) -> Client:
    """A device's account: bound to its own client id, without a role while it is disabled.

    A certificate connects whether the account is disabled or not; only its roles let it say or hear anything.
    """
    device = account.device
    held = (roles.of_device(device).rolename, roles.of_site(device.site).rolename)
    return Client(
        username=device.device,
        clientid=device.device,
        disabled=not account.enabled,
        roles=tuple(Held(rolename=name) for name in sorted(held)) if account.enabled else (),
    )


def process(role: access.Role) -> Client:
    """The account of one of our processes."""
    return Client(username=access.account(role), roles=_held(role))


def app(name: str) -> Client:
    """An app's account, by its whole name."""
    return Client(username=name, roles=_held(access.Role.APP))


def _held(role: access.Role) -> tuple[Held, ...]:
    return (Held(rolename=roles.of_process(role).rolename),)


def own(account: Account) -> State:
    """What the broker should know of one device."""
    one = client(account)
    needed = roles.of_device(account.device, account.mapped), roles.of_site(account.device.site)
    return State(clients={one.username: one}, roles={role.rolename: frozenset(role.acls) for role in needed})


def platform(mapped: Iterable[str] = ()) -> State:
    """What it should know of our processes and of what apps may; `mapped`: what ingest hears besides."""
    needed = (roles.of_process(role, mapped if role is access.Role.INGEST else ()) for role in access.Role)
    return State(
        clients={one.username: one for one in map(process, PROCESSES)},
        roles={role.rolename: frozenset(role.acls) for role in needed},
    )


def joined(states: Iterable[State]) -> State:
    """All of them as one."""
    clients: dict[str, Client] = {}
    needed: dict[str, frozenset[Acl]] = {}
    for one in states:
        clients |= one.clients
        needed |= one.roles
    return State(clients=clients, roles=needed)


def mark(password: str) -> str:
    """What tells a password from another without telling it; empty for none. Ours are 192 random bits."""
    return f"password {sha256(password.encode()).hexdigest()[:16]}" if password else ""


def plan(known: State, want: State, passwords: Mapping[str, str | None] | None = None) -> Plan:
    """Commands that make the broker equal to what is wanted: what takes rights away comes first.

    `passwords`: of accounts; an empty one shall go, and None stays as it is at the broker.
    """
    passwords = passwords or {}
    gone = sorted(known.clients.keys() - want.clients.keys())
    missing = sorted(want.clients.keys() - known.clients.keys())
    both = sorted(want.clients.keys() & known.clients.keys())
    differ = {
        name: steps
        for name in both
        if (steps := _client(known.clients[name], want.clients[name], passwords.get(name)))
    }
    made, mended, dropped = _roles(known, want)
    other = [words.set_defaults()] if dict(known.defaults) != dict(want.defaults) else []
    other += [words.delete_group(group) for group in known.groups]
    lost = [name for name in differ if want.clients[name].disabled]
    kept = [name for name in differ if not want.clients[name].disabled]
    return Plan(
        commands=(
            *other,
            *(step for name in lost for step in differ[name]),
            *(words.delete_client(name) for name in gone),
            *made,
            *mended,
            *(step for name in kept for step in differ[name]),
            *(step for name in missing for step in _create(want.clients[name], passwords.get(name) or "")),
            *dropped,
        ),
        created=len(missing),
        changed=len(differ),
        removed=len(gone),
        roles=len(made) + len(mended) + len(dropped),
        other=len(other),
        kept=len(both) - len(differ),
    )


def _roles(known: State, want: State) -> tuple[list[Command], list[Command], list[Command]]:
    """Roles to make, to mend and to drop."""
    named = {name: Role(rolename=name, acls=tuple(sorted(acls))) for name, acls in want.roles.items()}
    return (
        [words.create_role(named[name]) for name in sorted(named.keys() - known.roles.keys())],
        [
            words.modify_role(named[name])
            for name in sorted(named.keys() & known.roles.keys())
            if want.roles[name] != known.roles[name]
        ],
        [words.delete_role(name) for name in sorted(known.roles.keys() - named.keys())],
    )


def _create(want: Client, password: str) -> list[Command]:
    """A disabled account is made like any other, then shut; there it has no role yet."""
    made = [words.create_client(msgspec.structs.replace(want, mark=mark(password)), password)]
    return [*made, words.disable_client(want.username)] if want.disabled else made


def _client(known: Client, want: Client, password: str | None) -> list[Command]:
    """From an account as it is to one as wanted; roles go before it is disabled, and come before enabled.

    A password can be changed, but only goes with its account.
    """
    steps: list[Command] = []
    if password is not None and known.mark != mark(password):
        if not password:
            return [words.delete_client(want.username), *_create(want, "")]
        steps += [
            words.set_password(want.username, password),
            words.set_mark(want.username, mark(password)),
        ]
    if known.clientid != want.clientid:
        steps.append(words.set_client_id(want.username, want.clientid))
    if {held.rolename for held in known.roles} != {held.rolename for held in want.roles}:
        steps.append(words.modify_client(want))
    if known.disabled != want.disabled:
        change = words.disable_client if want.disabled else words.enable_client
        steps.append(change(want.username))
    return steps
