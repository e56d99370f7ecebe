"""Who may say and hear what on the broker, channel by channel: what accounts are given and tried against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from contracts.errors import Refused
from contracts.topics import (
    READ_BY_DEVICE,
    ROOT,
    WRITTEN_BY_DEVICE,
    Channel,
    Device,
    Kind,
    every,
    every_area,
    every_worker,
    name,
)

SITE_AREAS: Final = ("alert", "takeover")  # what every device of a site hears
APPS: Final = "app."  # how the names of apps' accounts begin


class Role(StrEnum):
    """What an account of ours does: one of our processes, or a city app. Every other account is a device."""

    INGEST = "ingest"
    ANALYTICS = "analytics"
    ALERTS = "alerts"
    API = "api"
    DESK = "desk"  # it alone also manages the accounts
    KEYS = "keys"
    HEALTH = "health"  # asks whether the broker lives
    APP = "app"


class Topics(msgspec.Struct, frozen=True, kw_only=True):
    """What an account may hear and say; what is not named is refused."""

    read: Sequence[str] = ()  # filters
    shared: Sequence[str] = ()  # filters that it may hear only as a member of a group
    write: Sequence[str] = ()


def _city(channel: Channel) -> str:
    """One channel of the platform's own at every site."""
    return f"{ROOT}/+/{Kind.CITY}/+/{channel}"


def _devices(channel: Channel) -> list[str]:
    """One channel of devices, by kind: `+` in its place would match the receipts of judgements."""
    return [f"{ROOT}/+/{kind}/+/{channel}" for kind in Kind]


_JUDGED: Final = every_area("judgement", receipt=True)
_ROLES: Final[Mapping[Role, Topics]] = {
    Role.INGEST: Topics(
        shared=[every(one) for one in (Channel.TELEMETRY, Channel.EVENT, Channel.FRAME, Channel.STATUS)],
        write=[*_devices(Channel.RECEIPT), every_worker("feed")],
    ),
    Role.ANALYTICS: Topics(
        read=[every_worker("feed"), _JUDGED, every_area("roster"), _city(Channel.RECEIPT)],
        write=[every_area("judgement"), _city(Channel.EVENT)],  # events: of judgements that were given up
    ),
    Role.ALERTS: Topics(
        read=[every_area(area) for area in ("judgement", "alert", "roster")],
        write=[_JUDGED, every_area("alert")],
    ),
    Role.API: Topics(
        read=[every_worker("feed"), every_area("alert"), every(Channel.STATUS), _city(Channel.RECEIPT)],
        write=[_city(channel) for channel in (Channel.TELEMETRY, Channel.EVENT)],
    ),
    Role.DESK: Topics(
        read=[
            *(every(one) for one in (Channel.STATUS, Channel.RESULT, Channel.SHADOW_REPORTED)),
            *(every(one) for one in (Channel.COMMAND, Channel.SHADOW_DESIRED)),  # to clear what is over
            *(every_area(area) for area in ("alert", "takeover", "roster")),
            every_worker("feed"),
            _JUDGED,
            _city(Channel.RECEIPT),
        ],
        write=[
            *(every(one) for one in (Channel.COMMAND, Channel.SHADOW_DESIRED)),
            *(every_area(area) for area in ("alert", "takeover", "roster", "judgement")),
            *(_city(channel) for channel in (Channel.TELEMETRY, Channel.EVENT)),
        ],
    ),
    Role.KEYS: Topics(read=[every_area("roster")]),
    Role.HEALTH: Topics(read=["$SYS/broker/uptime"]),
    Role.APP: Topics(read=[every_area(area) for area in ("alert", "takeover", "roster")]),
}


def account(role: Role, app: str = "") -> str:
    """Name of a process' account, or of an app's. The dot keeps it apart: no device's name has one."""
    return f"{APPS}{name('app', app)}" if role is Role.APP else f"imm.{role}"


def process(role: Role, *, mapped: Iterable[str] = ()) -> Topics:
    """What a process or an app may; `mapped`: topics of third parties, which ingest hears. Raises Refused."""
    topics = _ROLES[role]
    if role is Role.INGEST:
        return msgspec.structs.replace(topics, shared=[*topics.shared, *_foreign(mapped)])
    return topics


def device(address: Device, *, mapped: Iterable[str] = ()) -> Topics:
    """What a device may beside what its site is told; `mapped`: a third party's topics. Raises Refused."""
    return Topics(
        read=[address.topic(channel) for channel in READ_BY_DEVICE],
        write=[*(address.topic(channel) for channel in WRITTEN_BY_DEVICE), *_foreign(mapped)],
    )


def _foreign(mapped: Iterable[str]) -> Iterator[str]:
    """Topics that cannot be ours or the broker's own, whatever a mapping says."""
    for topic in mapped:
        first = topic.partition("/")[0]
        if first in {"", "+", "#", ROOT.partition("/")[0]} or first.startswith("$"):
            raise Refused("topic", topic, "a third party's topic begins with a name other than imm and $…")
        yield topic


def site(of: str) -> Topics:
    """What every device of a site hears."""
    return Topics(read=[f"{ROOT}/{name('site', of)}/{area}/+" for area in SITE_AREAS])
