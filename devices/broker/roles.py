"""Access as the plugin's roles: one for each device, each site, each of our processes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from contracts import access
from contracts.access import Topics
from contracts.topics import Device
from devices.broker import words
from devices.broker.words import Acl, Role

DEVICE: Final = "device."  # how the name of a device's own role begins
_WILD: Final = frozenset("+#")


def acls(topics: Topics) -> tuple[Acl, ...]:
    """What an account may, in the plugin's words and in order. It hears nothing that it may not ask for."""
    found = {Acl(acltype="publishClientSend", topic=topic, allow=True) for topic in topics.write}
    for topic in topics.read:
        found.add(Acl(acltype="publishClientReceive", topic=topic, allow=True))
        kind = "subscribePattern" if _WILD & set(topic) else "subscribeLiteral"
        found.add(Acl(acltype=kind, topic=topic, allow=True))
    for topic in topics.shared:
        found.add(Acl(acltype="publishClientReceive", topic=topic, allow=True))
        found.add(Acl(acltype="subscribePattern", topic=f"$share/+/{topic}", allow=True))
    return tuple(sorted(found))


def of_device(device: Device, mapped: Iterable[str] = ()) -> Role:
    """A device's own channels."""
    return Role(rolename=f"{DEVICE}{device.device}", acls=acls(access.device(device, mapped=mapped)))


def of_site(site: str) -> Role:
    """What a site's devices hear."""
    return Role(rolename=f"site.{site}", acls=acls(access.site(site)))


def of_process(role: access.Role, mapped: Iterable[str] = ()) -> Role:
    """What one of our processes may, or an app; the desk manages the accounts besides."""
    found = acls(access.process(role, mapped=mapped))
    if role is access.Role.DESK:
        found = tuple(sorted((*found, *_MANAGE)))
    return Role(rolename=f"imm.{role}", acls=found)


_MANAGE: Final = (
    Acl(acltype="publishClientSend", topic=words.ASK, allow=True),
    Acl(acltype="publishClientReceive", topic=words.ANSWER, allow=True),
    Acl(acltype="subscribeLiteral", topic=words.ANSWER, allow=True),
)
