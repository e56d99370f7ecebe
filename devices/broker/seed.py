"""The plugin's file as a new broker starts with it; afterwards everything is changed over the wire."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from devices.broker import words
from devices.broker.state import DEFAULTS, State, mark

ITERATIONS: Final = (
    1_000  # our passwords are 256 random bits: more would only hold up the broker at each connect
)
SALT: Final = 12  # bytes


def document(want: State, passwords: Mapping[str, str], salt: Callable[[int], bytes]) -> bytes:
    """Accounts, roles and defaults as `dynamic-security.json`. `passwords`: of the accounts that have one."""
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "defaultACLAccess": {kind: kind in words.OPEN for kind in DEFAULTS},
                "clients": [
                    {
                        "username": one.username,
                        **({"clientid": one.clientid} if one.clientid else {}),
                        **({"disabled": True} if one.disabled else {}),
                        **({"textdescription": mark(passwords[name])} if name in passwords else {}),
                        "roles": one.roles,
                        **(hashed(passwords[name], salt(SALT)) if name in passwords else {}),
                    }
                    for name, one in sorted(want.clients.items())
                ],
                "groups": [],
                "roles": [
                    {"rolename": name, "acls": sorted(acls)} for name, acls in sorted(want.roles.items())
                ],
            }
        )
    )


def others(file: bytes) -> list[dict[str, Any]]:
    """Accounts of processes and apps in such a file, with their passwords, which nobody else knows.

    Raises msgspec.MsgspecError where it is none.
    """
    return [one for one in msgspec.json.decode(file, type=_File).clients if "." in one["username"]]


def extended(file: bytes, by: list[dict[str, Any]]) -> bytes:
    """A file with these accounts in place of its own of the same names."""
    found = msgspec.json.decode(file)
    names = {one["username"] for one in by}
    found["clients"] = [*by, *(one for one in found["clients"] if one["username"] not in names)]
    return msgspec.json.format(msgspec.json.encode(found))


class _File(msgspec.Struct):
    clients: list[dict[str, Any]]


def hashed(password: str, salt: bytes) -> dict[str, Any]:
    """A password as the plugin keeps it (PBKDF2-HMAC-SHA512)."""
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return {
        "password": base64.b64encode(key).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": ITERATIONS,
    }
