"""What a kiosk has beside its processor; what is not set, or not there, is absent."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec


class Player(msgspec.Struct, frozen=True, kw_only=True):
    """How the program that fills the screen shows that it lives: by its pid file, its heartbeat, or both."""

    pid_file: Path | None = None
    heartbeat_file: Path | None = None  # it touches or rewrites this file again and again
    stale: float = 30.0  # seconds without a heartbeat after which it counts as stopped

    def __post_init__(self) -> None:
        if not (self.pid_file or self.heartbeat_file):
            raise ValueError("player: pid_file or heartbeat_file")
        if not 1 <= self.stale <= 3_600:
            raise ValueError(f"stale {self.stale}: 1 to 3600 seconds")


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """A door or tamper switch: a line of a chip, or what the kernel shows as a file."""

    name: str
    file: Path | None = None  # `/sys/class/gpio/gpio17/value` or the like
    chip: Path | None = None  # `/dev/gpiochip0`; needs the extra `gpio`
    line: str = ""  # of the chip: its number or its name
    pull: Literal["", "up", "down", "none"] = ""  # resistor of the chip; empty: as it is
    open: Literal[0, 1] = 1  # what the file or the line says while it is open

    def __post_init__(self) -> None:
        if (self.file is None) == (self.chip is None):
            raise ValueError(f"contact {self.name}: file, or chip and line")
        if (self.chip is None) != (not self.line):
            raise ValueError(f"contact {self.name}: a chip has a line, a file has none")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Parts of one kiosk."""

    player: Player | None = None
    contacts: tuple[Contact, ...] = ()
    ups: str = ""  # host:port of a NUT server (upsd), mostly 127.0.0.1:3493; empty: none
    ups_names: tuple[str, ...] = ()  # those of its supplies to watch; empty: all
    printers: bool = True  # ask CUPS, where its `lpstat` is installed
    touch: bool = True  # count sessions at the screen; no coordinate is kept
    touch_idle: float = 60.0  # seconds without a touch after which the next begins a new session

    def __post_init__(self) -> None:
        if self.ups:
            host, _, port = self.ups.rpartition(":")
            if not host or not port.isdigit() or not 0 < int(port) < 65_536:
                raise ValueError(f"ups: {self.ups} is not of the form host:port")
        if not 5 <= self.touch_idle <= 3_600:
            raise ValueError(f"touch_idle {self.touch_idle}: 5 to 3600 seconds")
