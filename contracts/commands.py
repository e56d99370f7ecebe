"""Commands to a device and what became of them: typed, known by their id, and of no use after they expire.

A command travels on the device's `command`, its answers on the device's own `result`, which the command names
as MQTT 5 response topic; correlation data is the command's id. The desk asks again until it knows the end, so
whoever does a command keeps what became of it, answers the same to the same id, and does nothing twice.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Protocol

import msgspec

from contracts.errors import Refused
from contracts.instants import SECOND

LARGEST: Final = 65_536  # bytes of a result; a device cuts what it has to tell
LONGEST: Final = 1_000  # characters of a reason
TOLERANCE: Final = 60 * SECOND  # by which a device's clock may differ from the desk's before that matters
Id = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,63}$")]
Instant = Annotated[int, msgspec.Meta(ge=0, le=2**62)]  # µs UTC
Word = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
Line = Annotated[str, msgspec.Meta(max_length=LONGEST)]


class Type(StrEnum):
    """What a command asks for."""

    REBOOT = "reboot"
    SNAPSHOT = "snapshot"
    SET_VOLUME = "set-volume"
    SHOW_OVERRIDE = "show-override"
    RUN_DIAGNOSTICS = "run-diagnostics"
    COLLECT_LOGS = "collect-logs"
    ROTATE_KEY = "rotate-key"
    INSTALL_CERTIFICATE = "install-certificate"
    UPDATE_AGENT = "update-agent"


HARMFUL: Final = frozenset(
    {Type.REBOOT, Type.ROTATE_KEY, Type.INSTALL_CERTIFICATE, Type.UPDATE_AGENT}
)  # may take a device offline: one at a time on it, and not where its clock cannot tell whether it expired


class Reboot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=Type.REBOOT.value):
    """Start the machine anew."""

    delay: Annotated[int, msgspec.Meta(ge=0, le=3_600)] = 5  # seconds until it goes down


class Snapshot(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=Type.SNAPSHOT.value
):
    """A picture of what the device shows or sees, sent as a frame."""

    source: Literal["screen", "camera"] = "screen"
    width: Annotated[int, msgspec.Meta(ge=64, le=3_840)] = 640  # pixels, at most


class SetVolume(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=Type.SET_VOLUME.value
):
    """Loudness for a while; for good it belongs into the desired state."""

    percent: Annotated[int, msgspec.Meta(ge=0, le=100)]
    seconds: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 0  # then back again; 0: until the next change


class ShowOverride(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=Type.SHOW_OVERRIDE.value
):
    """Show this instead of what is planned."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 300
    media: Annotated[str, msgspec.Meta(pattern="^([a-z0-9][a-z0-9-]{0,63})?$")] = ""  # id; empty: text alone


class RunDiagnostics(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=Type.RUN_DIAGNOSTICS.value
):
    """Look at the device from within."""

    checks: Annotated[tuple[Word, ...], msgspec.Meta(max_length=20)] = ()  # names; none: all that it knows


class CollectLogs(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=Type.COLLECT_LOGS.value
):
    """The last lines of the agent's log, without secrets and addresses."""

    lines: Annotated[int, msgspec.Meta(ge=1, le=2_000)] = 200
    level: Literal["debug", "info", "warning", "error"] = "info"  # and worse


class RotateKey(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=Type.ROTATE_KEY.value
):
    """Make a new key; the result brings the request for its certificate."""


class InstallCertificate(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=Type.INSTALL_CERTIFICATE.value
):
    """The certificate of the new key, with its chain."""

    chain: Annotated[str, msgspec.Meta(min_length=1, max_length=32_768)]  # PEM, the device's own first
    root: Annotated[str, msgspec.Meta(max_length=32_768)] = ""  # PEM of the roots to trust; empty: as before


class UpdateAgent(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=Type.UPDATE_AGENT.value
):
    """Install another version of the agent, which proves itself before the old one goes."""

    version: Annotated[str, msgspec.Meta(pattern="^[0-9][0-9A-Za-z.+-]{0,39}$")]
    source: Annotated[str, msgspec.Meta(max_length=500)] = ""  # where the signed set lies; empty: as set up
    sha256: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")] = ""  # of the set's list of files


What = (
    Reboot
    | Snapshot
    | SetVolume
    | ShowOverride
    | RunDiagnostics
    | CollectLogs
    | RotateKey
    | InstallCertificate
    | UpdateAgent
)
KINDS: Final[dict[Type, type[What]]] = {
    Type.REBOOT: Reboot,
    Type.SNAPSHOT: Snapshot,
    Type.SET_VOLUME: SetVolume,
    Type.SHOW_OVERRIDE: ShowOverride,
    Type.RUN_DIAGNOSTICS: RunDiagnostics,
    Type.COLLECT_LOGS: CollectLogs,
    Type.ROTATE_KEY: RotateKey,
    Type.INSTALL_CERTIFICATE: InstallCertificate,
    Type.UPDATE_AGENT: UpdateAgent,
}


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One wish to one device."""

    id: Id  # the same id is the same command, however often it comes
    what: What  # its type, and arguments by it
    issued: Instant  # µs UTC by the desk's clock
    expires: Instant  # µs UTC; not begun by then, it is not begun at all
    by: Annotated[str, msgspec.Meta(max_length=80)] = ""  # id of who wants it

    @property
    def type(self) -> Type:
        """What it asks for."""
        return type_of(self.what)


class State(StrEnum):
    """How far a device is with a command."""

    ACCEPTED = "accepted"  # kept on its disk
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"  # not begun: it cannot, or may not
    EXPIRED = "expired"  # not begun: it came too late


ENDS: Final = frozenset({State.DONE, State.FAILED, State.REFUSED, State.EXPIRED})


class Result(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a command so far; payload of the device's `result`."""

    id: Id  # of the command
    number: Annotated[
        int, msgspec.Meta(ge=1, le=2**31)
    ]  # 1, 2, 3 … within the command: the greatest is newest
    state: State
    time: Instant  # µs UTC by the device's clock: since when
    progress: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0  # per cent
    value: dict[str, Any] = {}  # what it gave, where it is done
    reason: Line = ""  # why, where it is not


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a command stands, as programmes see it."""

    id: str
    device: str
    type: Type
    state: str  # queued, sent, withdrawn, or one of State, or timed-out
    over: bool  # nothing more will happen
    time: int  # µs UTC since when
    reason: str = ""
    progress: int = 0
    value: dict[str, Any] = {}


class Commands(Protocol):
    """How programmes have devices do something. Calls block: use a thread."""

    def issue(self, device: str, what: What, *, by: str, why: str, seconds: int = 300) -> Standing:
        """Have a device do something within so many seconds. Raises LookupError, Refused."""
        ...

    def look(self, command: str) -> Standing:
        """Where one command stands. Raises LookupError."""
        ...


def type_of(what: What) -> Type:
    """Type of arguments."""
    return Type(str(what.__struct_config__.tag))


_commands: Final = msgspec.json.Decoder(Command)
_results: Final = msgspec.json.Decoder(Result)
_whats: Final = msgspec.json.Decoder(What)
_TROUBLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def encode(record: Command | Result) -> bytes:
    """Command or result → JSON. Raises Refused where a result is too large."""
    payload = msgspec.json.encode(record)
    if len(payload) > LARGEST:
        raise Refused("value", f"{len(payload)} bytes", f"at most {LARGEST} bytes")
    return payload


def decode(payload: bytes) -> Command:
    """JSON → command. Raises Refused."""
    try:
        command = _commands.decode(payload)
    except _TROUBLE as error:
        raise Refused("command", payload[:120], str(error)) from None
    if command.expires < command.issued:
        raise Refused("expires", command.expires, "not before it was issued")
    return command


def decode_result(payload: bytes) -> Result:
    """JSON → result. Raises Refused."""
    if len(payload) > LARGEST:
        raise Refused("result", f"{len(payload)} bytes", f"at most {LARGEST} bytes")
    try:
        return _results.decode(payload)
    except _TROUBLE as error:
        raise Refused("result", payload[:120], str(error)) from None


def what(type_: str, arguments: dict[str, Any]) -> What:
    """Arguments as they came, checked by their type. Raises Refused naming type or argument."""
    if type_ not in set(Type):
        raise Refused("type", type_, f"one of {', '.join(Type)}")
    if "type" in arguments:
        raise Refused("arguments", "type", "the type stands beside them")
    try:
        found: What = _whats.decode(msgspec.json.encode({**arguments, "type": type_}))
    except (*_TROUBLE, TypeError) as error:
        raise Refused("arguments", arguments, str(error)) from None
    return found


def typed(type_: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """Arguments as a person types them: text where the argument is text, else as JSON has them."""
    kind = KINDS.get(Type(type_)) if type_ in set(Type) else None
    kinds = {field.name: field.type for field in msgspec.structs.fields(kind)} if kind else {}
    return {name: _typed(text, kinds.get(name, Any)) for name, text in texts.items()}


def _typed(text: str, kind: Any) -> Any:
    if kind is not Any:
        with contextlib.suppress(msgspec.MsgspecError):
            return msgspec.convert(text, kind)
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return text


def arguments(what: What) -> dict[str, Any]:
    """The other way round: arguments without their type."""
    found: dict[str, Any] = msgspec.to_builtins(what)
    return {name: value for name, value in found.items() if name != "type"}
