"""Every role against every kind of topic: what it may write and hear, and what must be refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from contracts import access, topics
from contracts.access import Role, Topics
from contracts.topics import ROOT, AreaTopic, Channel, Device, Kind, PlatformTopic
from devices.broker import words
from devices.broker.state import PROCESSES
from runtime.mqtt.routes import pattern

SHARED: Final = "$share/acl/"


class Act(StrEnum):
    """What is tried."""

    WRITE = "write"
    RETAIN = "retain"  # write a message that the broker would keep
    READ = "read"
    WILL = "will"
    CONNECT = "connect"


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """One who tries."""

    label: str  # at the head of its column
    account: str
    topics: Topics
    client_id: str = ""
    device: Device | None = None


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is tried."""

    party: str  # its label
    act: Act
    topic: str  # or filter
    allowed: bool  # as it should be


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Two sites with three devices, whose names nobody else has."""

    mark: str = ""  # behind each name, on a broker that others use

    def device(self, name: str, kind: Kind, site: str) -> Device:
        """A device of this world."""
        return Device(site=f"{site}{self.mark}", kind=kind, device=f"{name}{self.mark}")

    @property
    def own(self) -> Device:
        """Who tries."""
        return self.device("own", Kind.KIOSK, "here")

    @property
    def peer(self) -> Device:
        """Another of its site."""
        return self.device("peer", Kind.WIFI, "here")

    @property
    def far(self) -> Device:
        """One of another site."""
        return self.device("far", Kind.KIOSK, "there")

    @property
    def city(self) -> Device:
        """One of the platform's own senders."""
        return self.device("city", Kind.CITY, "here")

    def parties(self) -> list[Party]:
        """A device, our processes and an app."""
        site = access.site(self.own.site)
        own = access.device(self.own)
        return [
            Party(
                label="device",
                account=self.own.device,
                client_id=self.own.device,
                device=self.own,
                topics=Topics(read=[*own.read, *site.read], write=own.write),
            ),
            *(
                Party(label=str(role), account=access.account(role), topics=_process(role))
                for role in PROCESSES
            ),
            Party(label="app", account=access.account(Role.APP, "check"), topics=access.process(Role.APP)),
        ]

    def said(self) -> list[str]:
        """Topics that somebody could write or hear: all of the grammar, and what looks like it."""
        own = self.own
        twisted = [
            Device(site=self.far.site, kind=own.kind, device=own.device),
            Device(site=own.site, kind=Kind.CCTV, device=own.device),
        ]
        base = own.topic(Channel.TELEMETRY).rpartition("/")[0]
        return [
            *(one.topic(channel) for one in (own, self.peer, self.far, self.city) for channel in Channel),
            *(one.topic(channel) for one in twisted for channel in (Channel.TELEMETRY, Channel.COMMAND)),
            *(
                str(AreaTopic(site=site, area=area, subject=f"x{self.mark}"))
                for site in (own.site, self.far.site)
                for area in ("alert", "takeover", "roster", "judgement")
            ),
            str(AreaTopic(site=own.site, area="judgement", subject="x", receipt=True)),
            str(PlatformTopic(worker=f"acl{self.mark}", channel="feed")),
            f"{base}/invented",
            f"{base}/telemetry/more",
            f"{base}/shadow",
            base,
            base.upper(),
            f"imm/v2/{base.removeprefix(f'{ROOT}/')}/telemetry",
            f"/{base}/telemetry",
            f"acl{self.mark}/elsewhere",
            words.ASK,
            words.ANSWER,
            "$SYS/broker/uptime",
        ]

    def filters(self) -> list[str]:
        """Filters that hear more than one topic."""
        own = self.own
        base = own.topic(Channel.TELEMETRY).rpartition("/")[0]
        wide = [
            *("#", "+/#", "imm/#", f"{ROOT}/#", f"{ROOT}/+/+/+/+", f"{ROOT}/+/+/+/+/#"),
            *(f"{ROOT}/{own.site}/#", f"{ROOT}/{own.site}/kiosk/+/command", f"{base}/#", f"{base}/+"),
            f"{ROOT}/+/kiosk/{own.device}/command",
            *(
                f"{ROOT}/{site}/{area}/+"
                for site in (own.site, self.far.site)
                for area in ("alert", "roster")
            ),
            f"{ROOT}/{own.site}/takeover/#",
            *(topics.every(channel) for channel in Channel),
            *(topics.every_area(area) for area in ("alert", "takeover", "roster", "judgement")),
            topics.every_worker("feed"),
            "$SYS/#",
            "$CONTROL/#",
        ]
        of_groups = [
            *("#", own.topic(Channel.COMMAND), self.peer.topic(Channel.COMMAND), f"{ROOT}/#"),
            *(topics.every(one) for one in (Channel.TELEMETRY, Channel.EVENT, Channel.COMMAND)),
            *(topics.every_area("alert"), words.ANSWER, "$SYS/#"),
        ]
        return [*wide, *(f"{SHARED}{one}" for one in of_groups)]

    def wills(self) -> list[str]:
        """What a device might have said of it after it is gone."""
        alert = str(AreaTopic(site=self.own.site, area="alert", subject=f"will{self.mark}"))
        own = [self.own.topic(one) for one in (Channel.STATUS, Channel.RECEIPT, Channel.COMMAND)]
        return [*own, self.peer.topic(Channel.STATUS), self.far.topic(Channel.EVENT), alert]

    def tries(self, parties: Sequence[Party]) -> Iterator[Try]:
        """All of it, in order."""
        for party in parties:
            for topic in self.said():
                allowed = writes(party.topics, topic)
                yield Try(party=party.label, act=Act.WRITE, topic=topic, allowed=allowed)
                if not allowed:
                    yield Try(party=party.label, act=Act.RETAIN, topic=topic, allowed=False)
            for topic in (*self.said(), *self.filters()):
                yield Try(party=party.label, act=Act.READ, topic=topic, allowed=reads(party.topics, topic))
            if party.device:
                for topic in self.wills():
                    allowed = writes(party.topics, topic)
                    yield Try(party=party.label, act=Act.WILL, topic=topic, allowed=allowed)


def _process(role: Role) -> Topics:
    found = access.process(role)
    if role is Role.DESK:
        return Topics(read=[*found.read, words.ANSWER], shared=found.shared, write=[*found.write, words.ASK])
    return found


def writes(of: Topics, topic: str) -> bool:
    """Whether somebody may write a topic."""
    return any(pattern(one).fullmatch(topic) for one in of.write)


def hears(of: Topics, topic: str) -> bool:
    """Whether a message may reach him."""
    return any(pattern(one).fullmatch(topic) for one in (*of.read, *of.shared))


def reads(of: Topics, wish: str) -> bool:
    """Whether somebody may subscribe: one of his filters hears everything that this one would."""
    if wish.startswith("$share/"):
        return any(covers(one, wish.split("/", 2)[2]) for one in of.shared)
    return any(covers(one, wish) for one in of.read)


def covers(granted: str, wish: str) -> bool:
    """Whether a filter hears everything that another one would."""
    have, want = granted.split("/"), wish.split("/")
    if have[0] in {"+", "#"} and want[0].startswith("$"):
        return False
    for number, level in enumerate(have):
        if level == "#":
            return True
        if number >= len(want) or want[number] == "#":
            return False
        if level not in {"+", want[number]}:
            return False
    return len(have) == len(want)
