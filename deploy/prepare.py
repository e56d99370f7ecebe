"""Prepares a deployment: secrets, the broker's accounts, and access lists made from the roster.

    .venv/bin/python deploy/prepare.py --roster deploy/roster/bima.toml

What exists is kept, so that it may run again after a device was added: secrets stay, lists are made anew.
"""

import argparse
import base64
import hashlib
import secrets
from collections.abc import Iterable
from pathlib import Path

from contracts.roster import Entry
from contracts.topics import (
    READ_BY_DEVICE,
    WRITTEN_BY_DEVICE,
    Channel,
    every,
    every_area,
    every_worker,
)
from devices.roster import Roster

HERE = Path(__file__).resolve().parent
SECRETS = ("postgres", "postgres-reader", "influx-password", "influx-token", "influx-reader", "grafana")
ITERATIONS = 50_000  # of PBKDF2; Mosquitto reads the number from the file
SALT = 12  # bytes, as mosquitto_passwd of 2.0 writes

# Account of one of our processes → what it reads, what it writes.
PROCESSES: dict[str, tuple[list[str], list[str]]] = {
    "ingest": (
        [every(channel) for channel in (Channel.TELEMETRY, Channel.EVENT, Channel.FRAME, Channel.STATUS)],
        [every(Channel.RECEIPT), every_worker("feed")],
    ),
    "analytics": (
        [every_worker("feed"), every_area("judgement", receipt=True), every_area("roster")],
        [every_area("judgement")],
    ),
    "alerts": (
        [every_area("judgement"), every_area("alert"), every_area("roster")],
        [every_area("judgement", receipt=True), every_area("alert")],
    ),
    "api": (
        [every_worker("feed"), every_area("alert"), every(Channel.STATUS), every(Channel.RECEIPT)],
        ["imm/v1/+/city/+/telemetry", "imm/v1/+/city/+/event"],
    ),
    "desk": (
        [every(channel) for channel in (Channel.STATUS, Channel.RESULT, Channel.SHADOW_REPORTED)]
        + [every_area("alert"), every_area("roster"), every_area("judgement", receipt=True)],
        [every(channel) for channel in (Channel.COMMAND, Channel.SHADOW_DESIRED)]
        + [every_area(area) for area in ("alert", "takeover", "roster", "judgement")],
    ),
}


def account(name: str, *, read: Iterable[str], write: Iterable[str]) -> str:
    """One account's part of Mosquitto's access list: what is not named is refused."""
    lines = [f"user {name}"]
    lines += [f"topic read {topic}" for topic in read]
    lines += [f"topic write {topic}" for topic in write]
    return "\n".join(lines) + "\n"


def access(entries: Iterable[Entry]) -> str:
    """The whole access list: our processes by role, each device by its own channels, named one by one."""
    parts = [account(name, read=read, write=write) for name, (read, write) in PROCESSES.items()]
    for entry in entries:
        about_site = [f"imm/v1/{entry.site}/{area}/+" for area in ("alert", "takeover")]
        parts.append(
            account(
                entry.device,
                read=[*(entry.address.topic(channel) for channel in READ_BY_DEVICE), *about_site],
                write=[entry.address.topic(channel) for channel in WRITTEN_BY_DEVICE],
            )
        )
    return "\n".join(parts)


def password_line(name: str, password: str, salt: bytes) -> str:
    """A line of Mosquitto's password file (PBKDF2-HMAC-SHA512)."""
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"{name}:$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}\n"


def secret(path: Path) -> str:
    """The secret that the file holds; a new one where there is no file."""
    if not path.exists():
        # The folder is closed to others; a container's own user must read the one file mounted into it.
        path.write_text(secrets.token_urlsafe(32) + "\n")
        path.chmod(0o444)
    return path.read_text().strip()


def prepare(entries: list[Entry], target: Path) -> None:
    """Write everything into a folder of secrets."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in SECRETS:
        secret(target / name)
    accounts = [*PROCESSES, *(entry.device for entry in entries)]
    lines = [
        password_line(name, secret(target / f"mqtt-{name}"), secrets.token_bytes(SALT)) for name in accounts
    ]
    for name, text in (("mosquitto-passwords", "".join(lines)), ("mosquitto-access", access(entries))):
        draft = target / f".{name}"
        draft.write_text(text)
        draft.chmod(0o444)
        draft.replace(target / name)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Make secrets, accounts and access lists for a deployment.")
    parser.add_argument("--roster", type=Path, required=True, help="TOML file that lists the devices")
    parser.add_argument(
        "--into", type=Path, default=HERE / "secrets", help="folder (default: deploy/secrets)"
    )
    asked = parser.parse_args()
    entries = Roster.load(asked.roster).list()
    clash = PROCESSES.keys() & {entry.device for entry in entries}
    if clash:
        parser.error(f"a device may not be called {', '.join(sorted(clash))}: it is the name of a process")
    prepare(entries, asked.into)
    print(f"{asked.into}: secrets, accounts and access lists for {len(entries)} devices")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
