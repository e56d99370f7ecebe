"""What a Wi-Fi node watches."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Interfaces and what they should reach."""

    interfaces: tuple[str, ...] = ()  # those to count; empty: all but loopback
    names: tuple[str, ...] = ("cirebonkota.go.id",)  # to be resolved by DNS
    targets: tuple[str, ...] = ("1.1.1.1:443",)  # host:port to be connected to by TCP
    gateway: bool = True  # try the default gateway as well
    patience: float = 3.0  # seconds until an attempt counts as failed

    def __post_init__(self) -> None:
        if not 0.1 <= self.patience <= 60:
            raise ValueError(f"patience {self.patience}: 0.1 to 60 seconds")
        for target in self.targets:
            host, _, port = target.rpartition(":")
            if not host or not port.isdigit() or not 0 < int(port) < 65_536:
                raise ValueError(f"targets: {target} is not of the form host:port")
