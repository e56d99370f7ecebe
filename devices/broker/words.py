"""What is said to Mosquitto's dynamic-security plugin, and what it answers, as records."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

ASK: Final = "$CONTROL/dynamic-security/v1"
ANSWER: Final = f"{ASK}/response"
DEFAULTS: Final = ("publishClientSend", "publishClientReceive", "subscribe", "unsubscribe")
OPEN: Final = ("unsubscribe",)  # of these, the one thing that everybody may
AclType = Literal["publishClientSend", "publishClientReceive", "subscribeLiteral", "subscribePattern"]


class Acl(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, order=True):
    """One thing that a role may; 2.0.11 drops one of an unknown type without a word."""

    acltype: str
    topic: str
    allow: bool = False
    priority: int = 0


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A named list of what its holders may."""

    rolename: str
    acls: tuple[Acl, ...] = ()


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A role as a client holds it."""

    rolename: str


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """An account as the plugin tells of it; it never tells whether there is a password, so we note it."""

    username: str
    clientid: str = ""
    disabled: bool = False
    roles: tuple[Held, ...] = ()
    mark: str = msgspec.field(name="textdescription", default="")  # of its password, see state.mark


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """To one command."""

    command: str = ""
    error: str = ""
    correlation: str = msgspec.field(name="correlationData", default="")
    data: dict[str, Any] = {}


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """To all commands of a message, in their order."""

    responses: tuple[Answer, ...]


Command = dict[str, Any]


def create_role(role: Role) -> Command:
    """Make a role with all that it may."""
    return {"command": "createRole", "rolename": role.rolename, "acls": role.acls}


def modify_role(role: Role) -> Command:
    """Give a role another list in place of its own."""
    return {"command": "modifyRole", "rolename": role.rolename, "acls": role.acls}


def delete_role(rolename: str) -> Command:
    """Take a role away, from its holders as well."""
    return {"command": "deleteRole", "rolename": rolename}


def create_client(client: Client, password: str = "") -> Command:
    """Make an account; without a password it can come by certificate only."""
    made: Command = {"command": "createClient", "username": client.username, "roles": client.roles}
    if client.clientid:
        made["clientid"] = client.clientid
    if client.mark:
        made["textdescription"] = client.mark
    if password:
        made["password"] = password
    return made


def modify_client(client: Client) -> Command:
    """Give an account these roles in place of its own. Its connection may be cut."""
    return {"command": "modifyClient", "username": client.username, "roles": client.roles}


def set_client_id(username: str, clientid: str) -> Command:
    """Bind an account to one client id."""
    return {"command": "setClientId", "username": username, "clientid": clientid}


def set_password(username: str, password: str) -> Command:
    """Give another password; cuts the account's connection."""
    return {"command": "setClientPassword", "username": username, "password": password}


def set_mark(username: str, mark: str) -> Command:
    """Note of which password the account is."""
    return {"command": "modifyClient", "username": username, "textdescription": mark}


def enable_client(username: str) -> Command:
    """Let an account in again."""
    return {"command": "enableClient", "username": username}


def disable_client(username: str) -> Command:
    """Cut an account's connection and refuse its password; a certificate still connects: take its roles."""
    return {"command": "disableClient", "username": username}


def delete_client(username: str) -> Command:
    """Take an account away and cut its connection."""
    return {"command": "deleteClient", "username": username}


def get_client(username: str) -> Command:
    """Ask for an account."""
    return {"command": "getClient", "username": username}


def get_role(rolename: str) -> Command:
    """Ask for a role."""
    return {"command": "getRole", "rolename": rolename}


def list_clients(count: int, offset: int) -> Command:
    """Ask for a page of accounts."""
    return {"command": "listClients", "verbose": True, "count": count, "offset": offset}


def list_roles(count: int, offset: int) -> Command:
    """Ask for a page of roles."""
    return {"command": "listRoles", "verbose": True, "count": count, "offset": offset}


def list_groups() -> Command:
    """Ask for the names of groups, of which we use none."""
    return {"command": "listGroups", "verbose": False, "count": -1, "offset": 0}


def delete_group(groupname: str) -> Command:
    """Take a group away."""
    return {"command": "deleteGroup", "groupname": groupname}


def get_defaults() -> Command:
    """Ask what is allowed where no role says a word."""
    return {"command": "getDefaultACLAccess"}


def set_defaults() -> Command:
    """Refuse whatever no role names, but leaving a subscription."""
    acls = [{"acltype": kind, "allow": kind in OPEN} for kind in DEFAULTS]
    return {"command": "setDefaultACLAccess", "acls": acls}
