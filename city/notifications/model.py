"""A notice, what becomes of it, and what a person sees."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from city.schedule.opaque import Value


class Channel(StrEnum):
    """How a notice reaches a person."""

    INBOX = "inbox"  # in the pages of the platform; always, and silent
    PUSH = "push"
    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    WEBHOOK = "webhook"


SENT_OUT: Final = tuple(channel for channel in Channel if channel != Channel.INBOX)
BY_GATEWAY: Final = tuple(channel for channel in SENT_OUT if channel != Channel.PUSH)


class Reach(StrEnum):
    """Which of the channels are used."""

    ALL = "all"
    ONE = "one"  # the first that works, in order


class State(StrEnum):
    """What became of a notice on one channel."""

    QUEUED = "queued"
    SENT = "sent"  # a gateway took it
    FAILED = "failed"  # given up; the dead letter says why
    SKIPPED = "skipped"  # not tried, and why: switched off, no address, too late


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What someone is to be told. The words come from the template, when it is sent."""

    template: str  # `tangi.incident-opened`
    person: str  # id of a person or unit, as the directory knows it
    data: dict[str, Value] = {}  # its placeholders: ids, numbers, times; nothing about a person
    private: dict[str, str] = {}  # placeholders that tell of a person: kept encrypted
    key: str = ""  # the same person is told the same key once, whoever asks again
    channels: tuple[Channel, ...] = ()  # instead of the template's
    urgent: bool | None = None  # through quiet hours too; None: as the template says
    expires: int | None = None  # µs UTC after which nobody need be told


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The words, in the language of whoever gets them."""

    title: str
    text: str
    short: str  # for small screens: title and text in one where the template has none
    link: str = ""  # where to read on
    notice: str = ""  # its id, so that a receiver can tell a second one from a repetition
    urgent: bool = False


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One notice in a person's inbox."""

    id: str
    topic: str
    title: str
    text: str
    path: str  # where to read on, empty where there is nothing
    urgent: bool
    asked: int  # µs UTC
    read: int | None  # µs UTC


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a notice on one channel."""

    channel: str
    state: str  # State; of the inbox also `read`
    attempts: int = 0
    provider: str = ""  # the one that took it, or was tried last
    error: str = ""
    next: int | None = None  # µs UTC of the next attempt
    sent: int | None = None  # µs UTC at which a gateway took it, or at which it was read
    changed: int = 0  # µs UTC
