"""Prepares a deployment: secrets, and the accounts with which its broker starts, made from the roster.

    .venv/bin/python deploy/prepare.py --roster deploy/roster/bima.toml

What exists is kept, so that it may run again after a device was added: secrets stay, and the accounts of a
new broker are made anew. One that runs keeps its own.
"""

import argparse
import secrets
from pathlib import Path

from contracts.roster import Entry
from devices.broker import seed, state
from devices.broker.port import Account
from devices.roster import Roster

HERE = Path(__file__).resolve().parent
SECRETS = ("postgres", "postgres-reader", "influx-password", "influx-token", "influx-reader", "grafana")


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
    devices = (state.own(Account(device=entry.address)) for entry in entries)
    want = state.joined([state.platform(), *devices])
    passwords = {name: secret(target / f"mqtt-{name}") for name in want.clients}
    draft = target / ".mosquitto-accounts"
    draft.write_bytes(seed.document(want, passwords, secrets.token_bytes))
    draft.chmod(0o444)
    draft.replace(target / "mosquitto-accounts")


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Make secrets and the broker's accounts for a deployment.")
    parser.add_argument("--roster", type=Path, required=True, help="TOML file that lists the devices")
    parser.add_argument(
        "--into", type=Path, default=HERE / "secrets", help="folder (default: deploy/secrets)"
    )
    asked = parser.parse_args()
    entries = Roster.load(asked.roster).list()
    prepare(entries, asked.into)
    print(f"{asked.into}: secrets and accounts for {len(entries)} devices")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
