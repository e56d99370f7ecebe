"""A device joins: key, request, answer, files. It may be started again at any point, and goes on."""

from __future__ import annotations

import platform
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from contracts import updates
from contracts.enrolment import Ask, Claim, Given
from edge.enrol import keys, server
from edge.enrol.credentials import CHAIN, CURRENT, KEY, TRUSTED, Credentials, Terms
from edge.enrol.errors import Away, Failure
from edge.state import Folder
from edge.status import installed
from runtime.logs import clean

AGENT: Final = "agent.toml"
_OLD: Final = "agent.toml.before"
_TRIES: Final = 30
_LONGEST: Final = 30.0  # seconds between two
_VOUCHES: Final = "updates.pem"  # who vouches for where new versions lie
_OWN: Final = frozenset({"site", "device", "broker", "spool"})  # settings that each claim says anew


def join(
    claim: Claim,
    home: Path,
    *,
    ca_file: Path | None = None,
    told: Callable[[str], None],
    wait: Callable[[float], None] = time.sleep,
) -> Given:
    """Join the fleet; blocks. Raises Failure, Refused; after Away it is enough to call again."""
    store = Credentials(home)
    Folder(home).prepare()
    waiting = store.next()
    if waiting is None:
        pair = keys.make()
        store.prepare(pair.key, pair.request)
        waiting = pair.key, pair.request
    key, request = waiting
    wanted = Ask(code=claim.code, csr=request, hardware=hardware(), versions=versions())
    given = _asked(claim, wanted, ca_file=ca_file, told=told, wait=wait)
    for one in given.updates.keys:
        updates.unpacked("updates.keys", one, 32)
    try:
        found = keys.read(given.certificate, key)
    except ValueError as error:
        raise Failure(f"the certificate cannot be used: {error}", "ask for a new claim") from None
    terms = Terms(device=given.device, serial=found.serial, ends=found.ends)
    store.put(given.certificate, given.trusted, terms)
    _write(Folder(home), given, _vouching(claim, given, ca_file))
    store.confirm()  # whoever is claimed anew has nothing to go back to: what it had is revoked
    return given


def _asked(
    claim: Claim,
    wanted: Ask,
    *,
    ca_file: Path | None,
    told: Callable[[str], None],
    wait: Callable[[float], None],
) -> Given:
    for number in range(1, _TRIES + 1):
        try:
            return server.ask(claim.server, wanted, pin=claim.pin, ca_file=ca_file)
        except Away as error:
            if number == _TRIES:
                raise
            pause = min(_LONGEST, max(error.after, 0.5 * 2.0 ** min(number, 6)))
            told(f"{error.why}; again in {pause:.0f} s")
            wait(pause)
    raise AssertionError("the last try returns or raises")


def _vouching(claim: Claim, given: Given, ca_file: Path | None) -> str:
    """PEM of who vouches for where new versions lie; empty: the system's authorities."""
    here = given.updates.source.startswith(f"{claim.server}/")
    if not given.updates.trusted and ca_file is not None and here:
        return ca_file.read_text()  # who vouched for the platform just now; its file may be on a stick
    return given.updates.trusted


def _write(home: Folder, given: Given, vouching: str) -> None:
    """The agent's settings; those that stood there before are kept beside, where they said more."""
    old = home.read(AGENT)
    quoted = {name: _quoted(text) for name, text in _settings(home, given).items()}
    lines = [
        "# Written by `imm-edge enrol`. Other settings may be added; a new claim writes the file anew and",
        f"# keeps what it held as {_OLD}.",
        f"site = {quoted['site']}",
        f"device = {quoted['device']}",
        "",
        "[broker]",
        f"host = {quoted['host']}",
        f"port = {given.broker.port}",
    ]
    if given.broker.tls:
        lines += [f"{name} = {quoted[name]}" for name in ("ca_file", "cert_file", "key_file")]
    lines += ["", "[spool]", f"path = {quoted['path']}", ""]
    if given.updates.keys:
        lines += ["[updates]", f"keys = [{', '.join(map(_quoted, given.updates.keys))}]"]
        lines += [f"source = {_quoted(given.updates.source)}"]
        if vouching:
            home.write(_VOUCHES, vouching.encode())
            lines += [f"ca_file = {_quoted(str(home.path.absolute() / _VOUCHES))}"]
        lines += [""]
    new = "\n".join(lines).encode()
    if old is not None and _says_more(old, new):
        home.write(_OLD, old)
    home.write(AGENT, new)


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _settings(home: Folder, given: Given) -> dict[str, str]:
    current = home.path.absolute() / "credentials" / CURRENT
    return {
        "site": given.site,
        "device": given.device,
        "host": given.broker.host,
        "ca_file": str(current / TRUSTED),
        "cert_file": str(current / CHAIN),
        "key_file": str(current / KEY),
        "path": str(home.path.absolute() / "spool.db"),
    }


def _says_more(old: bytes, new: bytes) -> bool:
    """Whether settings would be lost that a claim does not say."""
    try:
        had = tomllib.loads(old.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return True
    has = tomllib.loads(new.decode())
    return any(name not in _OWN and value != has.get(name) for name, value in had.items())


def hardware() -> dict[str, str]:
    """What the machine says of itself; what it does not know is absent."""
    import psutil

    found = {
        "machine": platform.machine(),
        "model": _line(Path("/proc/device-tree/model")) or _line(Path("/sys/class/dmi/id/product_name")),
        "serial": _line(Path("/proc/device-tree/serial-number")),
        "cpus": str(psutil.cpu_count() or ""),
        "memory_mb": str(psutil.virtual_memory().total // 2**20),
    }
    return {name: text for name, text in found.items() if text}


def versions() -> dict[str, str]:
    """What runs on it."""
    return {
        "agent": installed(),
        "python": platform.python_version(),
        "system": clean(f"{platform.system()} {platform.release()}", 200),
    }


def _line(path: Path) -> str:
    try:
        return clean(path.read_bytes()[:200].decode("utf-8", "replace").strip("\0 \n"), 200)
    except OSError:
        return ""
