"""Prepares a deployment: secrets, the broker's accounts, and access lists made from the roster.

    .venv/bin/python deploy/prepare.py --roster deploy/roster/bima.toml

What exists is kept, so that it may run again after a device was added: secrets stay, lists are made anew.
"""

import argparse
import base64
import hashlib
import secrets
from pathlib import Path

from app.brokers.access import Role, control_list
from contracts.roster import Entry
from devices.roster import Roster

HERE = Path(__file__).resolve().parent
SECRETS = ("postgres", "postgres-reader", "influx-password", "influx-token", "influx-reader", "grafana")
ITERATIONS = 50_000  # of PBKDF2; Mosquitto reads the number from the file
SALT = 12  # bytes, as mosquitto_passwd of 2.0 writes

PROCESSES = {role.value: role for role in Role if role is not Role.APP}  # account → what it does


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
    access = control_list(PROCESSES, [entry.address for entry in entries])
    for name, text in (("mosquitto-passwords", "".join(lines)), ("mosquitto-access", access)):
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
