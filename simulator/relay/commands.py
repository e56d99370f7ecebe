"""What a relay is told and what it answers, and how to tell it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final, Literal

import msgspec

_PATIENCE: Final = 10.0  # seconds for an answer
Direction = Literal["up", "down"]  # up: from who connected to the far side


class Way(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="way"):
    """How bytes travel from now on; what is not named is as on a good line. Takes the place of what was."""

    delay: float = 0.0  # ms in each direction
    jitter: float = 0.0  # ms at most on top; bytes keep their order
    loss: float = 0.0  # share of chunks that must be sent again …
    again: float = 200.0  # … ms later, and everything behind them waits
    rate: int = 0  # bytes a second in each direction; 0: no bound
    stall: Literal["", "up", "down", "both"] = ""  # nothing passes that way, and nobody is told
    refuse: bool = False  # nobody listens; what is open stays open

    def __post_init__(self) -> None:
        for name in ("delay", "jitter", "again", "rate"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} {getattr(self, name)}: not negative")
        if not 0 <= self.loss <= 1:
            raise ValueError(f"loss {self.loss}: 0 to 1")

    def stalled(self, direction: Direction) -> bool:
        """Whether nothing passes in a direction."""
        return self.stall in (direction, "both")


class Reset(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="reset"
):
    """Reset every open connection, both ends."""

    after: int = 0  # once one has passed so many bytes more up, wherever that is in a message; 0: all, now


class Drop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="drop"):
    """One side of every open connection is gone; the other is told nothing, and nobody reads what it says."""

    side: Literal["near", "far"] = "far"


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag="ask"):
    """Only say what was done."""


Command = Way | Reset | Drop | Ask


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What the relay has done since its start, and what it refuses to do."""

    port: int  # where it listens
    lines: int = 0  # connections that are open
    taken: int = 0  # connections, all in all
    up: int = 0  # bytes
    down: int = 0
    resets: int = 0
    error: str = ""  # why the command was not obeyed


def tell(control: Path, command: Command) -> Done:
    """Have the relay with this control socket do something; what it has done. Raises OSError."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(_PATIENCE)
        line.connect(str(control))
        line.sendall(msgspec.json.encode(command) + b"\n")
        with line.makefile("rb") as answers:
            return msgspec.json.decode(answers.readline(), type=Done)
