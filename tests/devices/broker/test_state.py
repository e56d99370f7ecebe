"""Whatever the broker knows, the plan's commands lead to what is wanted; played on a model of the plugin."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from contracts.topics import Device, Kind
from devices.broker import seed, state, words
from devices.broker.port import Account
from devices.broker.state import State
from devices.broker.words import Acl, Client, Held

NAMES = ["k1", "k2", "w1", "imm.desk", "imm.ingest", "backdoor"]
DEVICES = [
    Device(site=site, kind=kind, device=device)
    for device, kind, site in [("k1", Kind.KIOSK, "a"), ("k2", Kind.KIOSK, "b"), ("w1", Kind.WIFI, "a")]
]
ROLES = ["device.k1", "device.k2", "site.a", "imm.desk", "everything"]
ACLS = [Acl(acltype="publishClientSend", topic=topic, allow=True) for topic in ("#", "a", "b")]
PASSWORDS = st.sampled_from([None, "", "one", "two"])


class Plugin:
    """What each command does to accounts and roles, and which password an account has."""

    def __init__(self, known: State, passwords: dict[str, str]) -> None:
        self.clients = dict(known.clients)
        self.roles = dict(known.roles)
        self.groups = set(known.groups)
        self.defaults = dict(known.defaults)
        self.passwords = passwords

    def play(self, command: dict[str, Any]) -> None:  # noqa: C901, PLR0912 - a case for each command
        name = command.get("username", "")
        match command["command"]:
            case "createRole":
                assert command["rolename"] not in self.roles
                self.roles[command["rolename"]] = frozenset(command["acls"])
            case "modifyRole":
                assert command["rolename"] in self.roles
                self.roles[command["rolename"]] = frozenset(command["acls"])
            case "deleteRole":
                del self.roles[command["rolename"]]
                for one in list(self.clients):
                    left = tuple(
                        held for held in self.clients[one].roles if held.rolename != command["rolename"]
                    )
                    self._change(one, roles=left)
            case "createClient":
                assert name not in self.clients
                self._known(command["roles"])
                self.clients[name] = Client(
                    username=name,
                    clientid=command.get("clientid", ""),
                    roles=command["roles"],
                    mark=command.get("textdescription", ""),
                )
                self.passwords[name] = command.get("password", "")
            case "modifyClient":
                self._known(command.get("roles", ()))
                fields = {"mark": "textdescription", "roles": "roles"}
                self._change(name, **{to: command[of] for to, of in fields.items() if of in command})
            case "setClientId":
                self._change(name, clientid=command["clientid"])
            case "setClientPassword":
                assert name in self.clients
                self.passwords[name] = command["password"]
            case "enableClient" | "disableClient":
                self._change(name, disabled=command["command"] == "disableClient")
            case "deleteClient":
                del self.clients[name]
                self.passwords.pop(name, None)
            case "deleteGroup":
                self.groups.remove(command["groupname"])
            case "setDefaultACLAccess":
                self.defaults = {one["acltype"]: one["allow"] for one in command["acls"]}
            case other:
                raise AssertionError(other)

    def _known(self, held: tuple[Held, ...]) -> None:
        assert {one.rolename for one in held} <= self.roles.keys(), "a role that is not there yet"

    def _change(self, name: str, **fields: Any) -> None:
        self.clients[name] = msgspec.structs.replace(self.clients[name], **fields)


@st.composite
def brokers(draw: st.DrawFn) -> tuple[State, dict[str, str]]:
    """Some state that somebody left, in which marks tell the passwords that there are."""
    roles = draw(st.dictionaries(st.sampled_from(ROLES), st.frozensets(st.sampled_from(ACLS)), max_size=5))
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    passwords = {name: draw(st.sampled_from(["", "one", "two"])) for name in names}
    clients = {
        name: Client(
            username=name,
            clientid=draw(st.sampled_from(["", name, "other"])),
            disabled=draw(st.booleans()),
            roles=tuple(
                Held(rolename=one)
                for one in draw(st.lists(st.sampled_from(sorted(roles) or [""]), unique=True))
                if one
            ),
            mark=state.mark(passwords[name]),
        )
        for name in names
    }
    groups = tuple(draw(st.lists(st.sampled_from(["g1", "g2"]), unique=True)))
    defaults = {kind: draw(st.booleans()) for kind in words.DEFAULTS}
    return State(clients=clients, roles=roles, groups=groups, defaults=defaults), passwords


@st.composite
def wishes(draw: st.DrawFn) -> list[Account]:
    devices = draw(st.lists(st.sampled_from(DEVICES), unique_by=lambda one: one.device))
    return [Account(device=one, enabled=draw(st.booleans()), password=draw(PASSWORDS)) for one in devices]


@given(brokers(), wishes())
def test_the_plan_leads_to_what_is_wanted(
    found: tuple[State, dict[str, str]], accounts: list[Account]
) -> None:
    known, passwords = found
    want = state.joined([state.platform(), *map(state.own, accounts)])
    given_ = {one.device.device: one.password for one in accounts}
    plan = state.plan(known, want, given_)
    plugin = Plugin(known, dict(passwords))
    for command in plan.commands:
        plugin.play(command)
    assert plugin.roles == want.roles
    assert plugin.defaults == state.DEFAULTS
    assert not plugin.groups
    assert {name: _bare(one) for name, one in plugin.clients.items()} == {
        name: _bare(one) for name, one in want.clients.items()
    }
    for name, password in given_.items():
        if password is not None:
            assert plugin.passwords[name] == password
            assert plugin.clients[name].mark == state.mark(password)
    after = State(clients=plugin.clients, roles=plugin.roles, defaults=plugin.defaults)
    again = state.plan(after, want, given_)
    assert not again.commands
    assert (again.created, again.changed, again.removed, again.roles) == (0, 0, 0, 0)
    assert plan.kept + plan.changed + plan.created == len(want.clients)


@given(brokers(), wishes())
def test_nobody_who_is_shut_has_a_role_for_a_moment_longer(
    found: tuple[State, dict[str, str]], accounts: list[Account]
) -> None:
    """What shuts somebody comes before everything that opens."""
    known, _ = found
    want = state.joined(map(state.own, accounts))
    commands = [command["command"] for command in state.plan(known, want).commands]
    shut = [place for place, one in enumerate(commands) if one == "deleteClient"]
    opens = [place for place, one in enumerate(commands) if one in {"createRole", "enableClient"}]
    assert not shut or not opens or max(shut) < min(opens)


@given(wishes())
def test_a_seed_says_the_same_as_the_wire(accounts: list[Account]) -> None:
    want = state.joined([state.platform(), *map(state.own, accounts)])
    passwords = {one.device.device: one.password for one in accounts if one.password}
    told = json.loads(seed.document(want, passwords, bytes))
    clients = {one["username"]: msgspec.convert(one, Client) for one in told["clients"]}
    roles = {
        one["rolename"]: frozenset(msgspec.convert(acl, Acl) for acl in one["acls"]) for one in told["roles"]
    }
    known = State(clients=clients, roles=roles, defaults=told["defaultACLAccess"])
    expected: dict[str, str | None] = {one.device.device: one.password or "" for one in accounts}
    assert not state.plan(known, want, expected).commands


def _bare(client: Client) -> tuple[str, bool, frozenset[str]]:
    return client.clientid, client.disabled, frozenset(held.rolename for held in client.roles)
