"""The topic grammar: parse and format are inverse, and nobody else splits a topic.

imm/v1/{site}/{kind}/{device}/{channel}        a device's own channels
imm/v1/{site}/alert/{alert}                    retained while the alert is open
imm/v1/{site}/takeover/{group}                 screens
imm/v1/{site}/roster/{device}                  retained, platform and app roles only
imm/v1/{site}/judgement/{producer}[/receipt]   analytics → alerts, and back
imm/v1/platform/{worker}/{channel}             between our own processes
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, Self

import msgspec

from contracts.errors import Refused

ROOT: Final = "imm/v1"
PLATFORM: Final = "platform"
LONGEST: Final = 250  # characters of a whole topic; MQTT allows 65,535 bytes, no name of ours needs them
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


class Kind(StrEnum):
    """What a device is. `city` carries the programmes' own figures."""

    KIOSK = "kiosk"
    WIFI = "wifi"
    CCTV = "cctv"
    SENSOR = "sensor"
    CITY = "city"


class Channel(StrEnum):
    """What a device's message is."""

    TELEMETRY = "telemetry"
    EVENT = "event"
    FRAME = "frame"
    STATUS = "status"  # retained, last will
    RECEIPT = "receipt"
    COMMAND = "command"
    RESULT = "result"
    SHADOW_DESIRED = "shadow/desired"  # retained
    SHADOW_REPORTED = "shadow/reported"  # retained


WRITTEN_BY_DEVICE: Final = (
    Channel.TELEMETRY,
    Channel.EVENT,
    Channel.FRAME,
    Channel.STATUS,
    Channel.RESULT,
    Channel.SHADOW_REPORTED,
)
READ_BY_DEVICE: Final = (Channel.RECEIPT, Channel.COMMAND, Channel.SHADOW_DESIRED)
_AREAS: Final = ("alert", "takeover", "roster", "judgement")


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """Address of one device: its site, kind and city-wide unique id."""

    site: str
    kind: Kind
    device: str

    def __post_init__(self) -> None:
        name("site", self.site)
        name("device", self.device)

    def topic(self, channel: Channel) -> str:
        """Topic of one of the device's channels."""
        return f"{ROOT}/{self.site}/{self.kind}/{self.device}/{channel}"


class DeviceTopic(msgspec.Struct, frozen=True, kw_only=True):
    """A message to or from a device."""

    device: Device
    channel: Channel

    def __str__(self) -> str:
        return self.device.topic(self.channel)


class AreaTopic(msgspec.Struct, frozen=True, kw_only=True):
    """A message about a site: `area` is alert, takeover, roster or judgement; `subject` the id within it."""

    site: str
    area: str
    subject: str
    receipt: bool = False  # only judgements are answered

    def __post_init__(self) -> None:
        name("site", self.site)
        name(self.area, self.subject)
        if self.area not in _AREAS:
            raise Refused("area", self.area, f"one of {', '.join(_AREAS)}")
        if self.receipt and self.area != "judgement":
            raise Refused("receipt", self.area, "only judgements are answered")

    def __str__(self) -> str:
        return f"{ROOT}/{self.site}/{self.area}/{self.subject}{'/receipt' if self.receipt else ''}"

    @classmethod
    def alert(cls, site: str, alert: str) -> Self:
        """Retained form of an open alert."""
        return cls(site=site, area="alert", subject=alert)

    @classmethod
    def roster(cls, site: str, device: str) -> Self:
        """Retained form of a device's entry in the roster."""
        return cls(site=site, area="roster", subject=device)

    @classmethod
    def judgement(cls, site: str, producer: str) -> Self:
        """Where a producer's judgements go."""
        return cls(site=site, area="judgement", subject=producer)


class PlatformTopic(msgspec.Struct, frozen=True, kw_only=True):
    """A message between our own processes."""

    worker: str
    channel: str

    def __post_init__(self) -> None:
        name("worker", self.worker)
        name("channel", self.channel)

    def __str__(self) -> str:
        return f"{ROOT}/{PLATFORM}/{self.worker}/{self.channel}"


Topic = DeviceTopic | AreaTopic | PlatformTopic


def name(field: str, text: str) -> str:
    """Return text if it may stand as one level: `[a-z0-9-]`, 1 to 64 characters, no outer hyphen.

    A site is not `platform`. Raises Refused.
    """
    if not _NAME.fullmatch(text):
        raise Refused(field, text, "1 to 64 of a-z, 0-9 and inner hyphens")
    if field == "site" and text == PLATFORM:
        raise Refused(field, text, "reserved for our own processes")
    return text


def parse(text: str) -> Topic:
    """Topic text → record. Raises Refused naming the level that is wrong."""
    if len(text) > LONGEST:
        raise Refused("topic", text, f"longer than {LONGEST} characters")
    levels = text.split("/")
    if levels[:2] != ["imm", "v1"]:
        raise Refused("topic", text, f"does not start with {ROOT}/")
    if len(levels) == 5 and levels[2] == PLATFORM:
        return PlatformTopic(worker=levels[3], channel=levels[4])
    if len(levels) in (5, 6) and levels[3] in _AREAS:
        if len(levels) == 6 and levels[5] != "receipt":
            raise Refused("topic", text, "only /receipt may follow")
        return AreaTopic(site=levels[2], area=levels[3], subject=levels[4], receipt=len(levels) == 6)
    if len(levels) not in (6, 7):
        raise Refused("topic", text, "not of the form imm/v1/{site}/{kind}/{device}/{channel}")
    return DeviceTopic(
        device=Device(site=levels[2], kind=_kind(levels[3]), device=levels[4]),
        channel=_channel("/".join(levels[5:])),
    )


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        raise Refused("kind", text, f"one of {', '.join(Kind)}") from None


def _channel(text: str) -> Channel:
    try:
        return Channel(text)
    except ValueError:
        raise Refused("channel", text, f"one of {', '.join(Channel)}") from None


def every(channel: Channel) -> str:
    """Filter for one channel that every device writes (that of `receipt` would match judgements' too)."""
    return f"{ROOT}/+/+/+/{channel}"


def every_area(area: str, *, receipt: bool = False) -> str:
    """Filter for one area of every site."""
    return f"{ROOT}/+/{area}/+{'/receipt' if receipt else ''}"


def every_worker(channel: str) -> str:
    """Filter for one channel of every one of our processes."""
    return f"{ROOT}/{PLATFORM}/+/{channel}"


def shared(group: str, topic_filter: str) -> str:
    """Filter shared by the members of a group: each message goes to one of them (MQTT 5, 4.8.2)."""
    return f"$share/{name('group', group)}/{topic_filter}"
