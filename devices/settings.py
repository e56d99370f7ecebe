"""Settings of the devices service."""

from __future__ import annotations

from pathlib import Path

import msgspec

from contracts import enrolment, updates


class Throttle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How guessing of claim codes is slowed; times in seconds."""

    tries: int = 5  # wrong secrets after which a claim is over
    address: int = 20  # failures from one network before the first wait
    all: int = 200  # failures from everywhere before the first wait: then one try at a time
    first: float = 1.0  # wait, doubled by each failure
    most: float = 300.0  # of one network
    most_all: float = 5.0  # of everybody: the honest ones wait too
    forget: float = 3_600.0  # without a failure, after which the count begins anew


class Broker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where devices reach the broker; it is told to each when it is enrolled."""

    host: str = ""  # empty: the host of `identity.address`
    port: int = 8_883
    tls: bool = True
    ca_file: Path | None = None  # who vouches for the broker, besides the platform's own authority


class Updates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How agents update themselves; it is told to each when it is enrolled, and never again."""

    keys: tuple[str, ...] = ()  # public halves of what signs versions (`imm device version key`), base64
    source: str = ""  # address under which versions lie; empty: this platform's, at `identity.address`
    ca_file: Path | None = None  # who vouches for it; none: a self-signed `certificate`, or the system

    def __post_init__(self) -> None:
        for key in self.keys:
            updates.unpacked("keys", key, 32)
        if self.source:
            enrolment.address(self.source)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Registry, enrolment and certificates."""

    days: float = 90.0  # that a device's certificate lasts
    renew: float = 2 / 3  # part of its life after which it is renewed
    overlap: float = 7.0  # days for which the certificate before a renewal stays good, where nobody tells
    claim: float = 86_400.0  # seconds that a claim code lasts unless its maker says less
    longest: float = 604_800.0  # that one may last at most
    certificate: Path | None = None  # PEM of the API's own certificate: claims then tell its pin
    versions: Path = Path("agents")  # where versions of the agent lie, signed, for devices to fetch
    updates: Updates = Updates()
    broker: Broker = Broker()
    throttle: Throttle = Throttle()

    def __post_init__(self) -> None:
        if not 1 <= self.days <= 825:
            raise ValueError(f"days {self.days}: 1 to 825")
        if not 0.1 <= self.renew <= 0.95:
            raise ValueError(f"renew {self.renew}: 0.1 to 0.95")
        if not 60 <= self.claim <= self.longest:
            raise ValueError("claim: from a minute up to `longest`")
