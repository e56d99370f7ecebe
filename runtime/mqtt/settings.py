"""Where the broker is and how to speak to it."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one client; TLS is used where `ca_file` is given."""

    host: str = "127.0.0.1"
    port: int = 1883
    username: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None  # the client's own certificate, where the broker asks for one
    key_file: Path | None = None
    keepalive: int = 30  # seconds; a dead connection is noticed within two of them
    protocol: int = 5  # 5, or 4 for MQTT 3.1.1
    window: int = 100  # publishes at QoS 1 that may wait for their PUBACK; further ones wait their turn
    patience: float = (
        30.0  # seconds for a connection to stand, and for a PUBACK; then the connection is given up
    )
    longest_pause: float = 5.0  # seconds between attempts to connect, at most

    def __post_init__(self) -> None:
        if self.protocol not in (4, 5):
            raise ValueError(f"protocol {self.protocol}: 5, or 4 for MQTT 3.1.1")
        if not 1 <= self.keepalive <= 65_535:
            raise ValueError(
                f"keepalive {self.keepalive}: 1 to 65535 seconds; 0 would never notice a dead broker"
            )
        if not 1 <= self.window <= 65_535:
            raise ValueError(f"window {self.window}: 1 to 65535 messages")
        if bool(self.cert_file) != bool(self.key_file) or (self.cert_file and not self.ca_file):
            raise ValueError("cert_file: needs key_file and ca_file beside it")


class Will(msgspec.Struct, frozen=True, kw_only=True):
    """What the broker publishes when this client is gone without a word."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True
