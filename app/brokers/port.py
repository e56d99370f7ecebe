"""A broker as its owner sees it: what to run, where it listens, what it cannot do."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec


class Feature(StrEnum):
    """What the conformance suite asks of a broker, beside what every one does."""

    SESSION_EXPIRY = "session expiry"
    NO_LOCAL = "no local"
    RETAIN_HANDLING = "retain handling"
    PUBLISHED_QOS = "QoS of the publisher"
    DUP = "DUP flag"
    RESTART = "restart"
    KILL = "kill"
    ACCESS = "access control"
    REASON = "reason of a refusal"
    LIMIT_TOLD = "largest packet told"
    ONE_PORT = "both versions on one port"
    OVERLAP = "one copy for overlapping filters"
    RECEIVE_MAXIMUM = "receive maximum"
    WINDOW = "window above 100"
    CLIENT_ID = "any client id"
    GROUP = "several filters of one share name"


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Something that this broker does not do, and what that means for us."""

    feature: Feature
    means: str


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where to connect, and with which protocol versions (4 = MQTT 3.1.1)."""

    host: str
    port: int
    protocols: tuple[int, ...]


class Broker(Protocol):
    """One broker in a process of its own. Calls block; they raise errors.Failure."""

    @property
    def name(self) -> str:
        """`iotcore` or `mosquitto`."""
        ...

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where it listens, or will."""
        ...

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What it cannot do: shown at every start, checked by the conformance suite."""
        ...

    def prepare(self) -> list[str]:
        """Write its configuration; return the command that runs it, for whoever keeps it alive."""
        ...

    def start(self, limit: float = 10.0) -> None:
        """Run it as our child, and return when it listens."""
        ...

    def stop(self, limit: float = 5.0) -> None:
        """Stop it in order; kill it after `limit` seconds."""
        ...

    def kill(self) -> None:
        """Kill it as a power cut would."""
        ...

    @property
    def alive(self) -> bool:
        """Whether our child runs."""
        ...

    @property
    def pid(self) -> int | None:
        """Of our child."""
        ...


def endpoint(broker: Broker, protocol: int) -> Endpoint:
    """Where to connect with a protocol version; every broker here speaks both."""
    return next(found for found in broker.endpoints if protocol in found.protocols)
