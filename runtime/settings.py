"""Settings of one process: a record filled from one TOML file, then from the environment.

`IMM_STORE__ENGINE=influx` sets `engine` in `[store]`. A secret is never a setting: `…_file` says where.
"""

from __future__ import annotations

import contextlib
import os
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from contracts.errors import shown

T = TypeVar("T")
OTHERS: Final = ("IMM_TEST_", "IMM_EDGE_")  # variables under our prefix that are not this record's
_SECRET: Final = re.compile(r"password|secret|token|key$")
_AT: Final = re.compile(r" - at `\$\.?([^`]*)`$")


class Wrong(ValueError):
    """A setting that cannot be used: says which, what it was, why, and what to do."""

    def __init__(self, setting: str, value: object, reason: str, cure: str) -> None:
        self.setting = setting
        self.value = "(hidden)" if _SECRET.search(setting) and not setting.endswith("_file") else shown(value)
        self.reason = reason
        self.cure = cure
        super().__init__(f"setting {setting} = {self.value}: {reason}; {cure}")


def load(
    cls: type[T],
    path: Path | None,
    *,
    env: Mapping[str, str] = os.environ,
    prefix: str = "IMM_",
) -> T:
    """TOML file (if any) and environment → record. Raises Wrong, also for a setting that does not exist."""
    data = _read(path) if path else {}
    where = f"in {path}" if path else "in the settings file"
    _check_names(cls, data, (), where)
    for variable in sorted(env):
        if variable.startswith(prefix) and not _foreign(variable, prefix):
            _overlay(cls, data, variable, prefix, env[variable])
    try:
        return msgspec.convert(data, cls, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise _wrong(str(error), data, where, prefix) from None


def secret(setting: str, path: Path | None) -> str:
    """First line of the file that a `…_file` setting names; empty where none is named. Raises Wrong."""
    if path is None:
        return ""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror or "cannot be read" if isinstance(error, OSError) else "is not UTF-8 text"
        raise Wrong(setting, path, reason, "name a file that this user may read") from None
    if not text:
        raise Wrong(setting, path, "the file is empty", "write the secret into it")
    return text.splitlines()[0]


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Wrong("file", path, error.strerror or str(error), "name a TOML file that exists") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Wrong("file", path, f"is not TOML: {error}", "correct it at the place named") from None


def _foreign(variable: str, prefix: str) -> bool:
    return any(variable.startswith(other) and not prefix.startswith(other) for other in OTHERS)


def _path(kind: type, value: object) -> Path:
    """Paths are the one type that settings have and msgspec does not."""
    if kind is not Path or not isinstance(value, str):
        raise ValueError(f"expected {'a path' if kind is Path else kind.__name__}, got {shown(value)}")
    return Path(value)


def _overlay(cls: type, data: dict[str, Any], variable: str, prefix: str, text: str) -> None:
    names = variable[len(prefix) :].lower().split("__")
    if len(names) == 1 and names[0] not in _members(cls):
        return  # such as IMM_CONFIG: no section, so not meant for a record
    target: Any = cls
    here = data
    for depth, name in enumerate(names):
        target = _member(target, name, ".".join(names[: depth + 1]), text, f"unset {variable}, or correct it")
        if depth < len(names) - 1:
            here = here.setdefault(name, {})
    here[names[-1]] = _from_text(text, target, ".".join(names), variable)


def _from_text(text: str, target: Any, setting: str, variable: str) -> Any:
    """A variable's text as the type that the record wants: as it is, or as a TOML value (lists, tables)."""
    attempts: list[Any] = [text]
    with contextlib.suppress(tomllib.TOMLDecodeError):  # then it is plain text, and only that is tried
        attempts.append(tomllib.loads(f"value = {text}")["value"])
    reason = ""
    for attempt in attempts:
        try:
            value = msgspec.convert(attempt, target, strict=False, dec_hook=_path)
            return msgspec.to_builtins(value, enc_hook=str)
        except msgspec.ValidationError as error:
            reason = reason or _AT.sub("", str(error))
    raise Wrong(setting, text, reason, f"correct the variable {variable}")


def _check_names(target: Any, data: Mapping[str, Any], names: tuple[str, ...], where: str) -> None:
    for name, value in data.items():
        setting = ".".join((*names, name))
        inner = _member(target, name, setting, value, f"correct its name {where}")
        if isinstance(value, dict):
            _check_names(inner, value, (*names, name), where)


def _member(target: Any, name: str, setting: str, value: object, cure: str) -> Any:
    """Type of a member. Raises Wrong with the nearest known name."""
    members = _members(target)
    found = members.get(name, members.get("*"))
    if found is None:
        import difflib  # only where a name is wrong

        near = difflib.get_close_matches(name, members, n=1)
        hint = f" (nearest: {near[0]})" if near else f" (known: {', '.join(sorted(members)) or 'none'})"
        raise Wrong(setting, value, f"no such setting{hint}", cure)
    return found


def _members(target: Any) -> dict[str, Any]:
    """Members of a record by name, `*` for any name where it is a mapping, nothing otherwise."""
    if isinstance(target, type) and issubclass(target, msgspec.Struct):
        return {field.encode_name: field.type for field in msgspec.structs.fields(target)}
    if typing.get_origin(target) in (dict, Mapping):
        return {"*": typing.get_args(target)[1]}
    if typing.get_origin(target) in (typing.Union, types.UnionType):
        inner = [_members(part) for part in typing.get_args(target)]
        return {name: kind for members in inner for name, kind in members.items()}
    return {"*": Any} if target is Any else {}


def _wrong(message: str, data: dict[str, Any], where: str, prefix: str) -> Wrong:
    at = _AT.search(message)
    names = [part for part in (at.group(1) if at else "").split(".") if part]
    missing = re.search(r"missing required field `([^`]+)`", message)
    value: Any = data
    for name in names:
        value = value.get(name.partition("[")[0], "") if isinstance(value, dict) else value
    if missing:
        names, value = [*names, missing.group(1)], "(nothing)"
    setting = ".".join(names) or "file"
    variable = prefix + "__".join(part.partition("[")[0] for part in names).upper()
    return Wrong(setting, value, _AT.sub("", message), f"set it {where} or by {variable}")
