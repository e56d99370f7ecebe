"""The agent's word of itself: a small JSON file, read without network by people and by the kiosk's screen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from contracts.errors import Refused

NAME: Final = "status.json"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """State of one part, with its age, its reason and what to do about it."""

    name: str
    ok: bool
    since: int  # µs UTC at which `ok` last changed, by the agent's clock
    reason: str = ""
    cure: str = ""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """The last thing that went wrong."""

    time: int  # µs UTC
    text: str
    cure: str = ""


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """A local alert that holds now."""

    name: str
    severity: str
    since: int  # µs UTC
    text: str
    value: float | str | bool | None = None


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for its receipt."""

    batches: dict[str, int]  # by lane
    bytes: int
    limit_bytes: int
    oldest: int  # µs UTC at which the oldest was recorded; 0 where none waits
    shed: dict[str, int]  # by channel: batches given up since the start
    stride: int = 1  # one of so many readings is recorded: more than 1 where the centre is long away


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the agent says of itself."""

    site: str
    device: str
    version: str
    pid: int
    boot: str  # the machine's boot; the age of this word is known while it is the same
    uptime: float  # seconds since that boot, when this was written
    time: int  # µs UTC, the same by the agent's clock
    started: int  # µs UTC
    connection: State
    clock: State
    queue: Queue
    parts: tuple[State, ...] = ()
    alerts: tuple[Raised, ...] = ()
    trouble: Trouble | None = None
    figures: dict[str, float] = {}


_decoder: Final = msgspec.json.Decoder(Word)


def place(home: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Where the word lies: in memory where systemd gave a folder for that, so that no card wears out."""
    folder = environment.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(folder) / NAME if folder else home / NAME


def write(path: Path, word: Word) -> None:
    """Replace the file; it holds no secret, and a screen's program may read it. Raises OSError."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_bytes(msgspec.json.encode(word))
    draft.chmod(0o644)
    draft.replace(path)


def read(path: Path) -> Word | None:
    """The last word, or None where none was left. Raises OSError, Refused."""
    try:
        return _decoder.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refused("status", str(path), str(error)) from None
