"""Who may say and hear what at Mosquitto: channels one by one, by account, never by client id."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from app.brokers.errors import Failure
from contracts.topics import (
    READ_BY_DEVICE,
    ROOT,
    WRITTEN_BY_DEVICE,
    Channel,
    Device,
    Kind,
    every,
    every_area,
    every_worker,
)


class Role(StrEnum):
    """What an account of ours does: one of our processes, or a city app. Every other account is a device."""

    INGEST = "ingest"
    ANALYTICS = "analytics"
    ALERTS = "alerts"
    API = "api"
    DESK = "desk"
    APP = "app"


class Topics(msgspec.Struct, frozen=True, kw_only=True):
    """What an account may hear and say; what is not named is refused."""

    read: Sequence[str]
    write: Sequence[str] = ()


def _city(channel: Channel) -> str:
    """One channel of the platform's own at every site."""
    return f"{ROOT}/+/{Kind.CITY}/+/{channel}"


_JUDGED: Final = every_area("judgement", receipt=True)
_ROLES: Final[Mapping[Role, Topics]] = {
    Role.INGEST: Topics(
        read=[every(one) for one in (Channel.TELEMETRY, Channel.EVENT, Channel.FRAME, Channel.STATUS)],
        write=[every(Channel.RECEIPT), every_worker("feed")],
    ),
    Role.ANALYTICS: Topics(
        read=[every_worker("feed"), _JUDGED, every_area("roster"), _city(Channel.RECEIPT)],
        write=[every_area("judgement"), _city(Channel.EVENT)],  # events: of judgements that were given up
    ),
    Role.ALERTS: Topics(
        read=[every_area(area) for area in ("judgement", "alert", "roster")],
        write=[_JUDGED, every_area("alert")],
    ),
    Role.API: Topics(
        read=[every_worker("feed"), every_area("alert"), every(Channel.STATUS), every(Channel.RECEIPT)],
        write=[_city(channel) for channel in (Channel.TELEMETRY, Channel.EVENT)],
    ),
    Role.DESK: Topics(
        read=[
            *(every(one) for one in (Channel.STATUS, Channel.RESULT, Channel.SHADOW_REPORTED)),
            *(every_area(area) for area in ("alert", "roster")),
            _JUDGED,
        ],
        write=[
            *(every(one) for one in (Channel.COMMAND, Channel.SHADOW_DESIRED)),
            *(every_area(area) for area in ("alert", "takeover", "roster", "judgement")),
        ],
    ),
    Role.APP: Topics(read=[every_area(area) for area in ("alert", "takeover", "roster")]),
}


def control_list(accounts: Mapping[str, Role], devices: Iterable[Device] = ()) -> str:
    """Mosquitto's access list: roles, and each device's own channels and its site's alerts and takeovers."""
    lines: list[str] = []
    for name, topics in (
        *((name, _ROLES[role]) for name, role in accounts.items()),
        *((device.device, _own(device)) for device in devices),
    ):
        lines.append(f"user {name}")
        lines += [f"topic read {topic}" for topic in topics.read]
        lines += [f"topic write {topic}" for topic in topics.write]
    return "\n".join(lines) + "\n"


def _own(device: Device) -> Topics:
    about_site = [f"{ROOT}/{device.site}/{area}/+" for area in ("alert", "takeover")]
    return Topics(
        read=[*(device.topic(channel) for channel in READ_BY_DEVICE), *about_site],
        write=[device.topic(channel) for channel in WRITTEN_BY_DEVICE],
    )


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Certificates, accounts and what they may do. A device's account is named like the device."""

    cert_file: Path
    key_file: Path
    passwords: Mapping[str, str]  # of each account, device or not
    roles: Mapping[str, Role] = {}  # accounts that are no devices
    devices: Sequence[Device] = ()

    def prepare(self, folder: Path) -> str:
        """Write hashed passwords and access list; return their part of the configuration. Raises Failure."""
        tool = shutil.which("mosquitto_passwd")
        if tool is None:
            raise Failure(
                "Mosquitto cannot start", "mosquitto_passwd is missing", "install the package mosquitto"
            )
        passwords = folder / "passwords"
        passwords.unlink(missing_ok=True)
        with os.fdopen(os.open(passwords, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.writelines(f"{name}:{password}\n" for name, password in self.passwords.items())
        subprocess.run([tool, "-U", str(passwords)], check=True, capture_output=True, timeout=60)
        (folder / "access").write_text(control_list(self.roles, self.devices))
        files = {
            "certfile": self.cert_file,
            "keyfile": self.key_file,
            "password_file": passwords,
            "acl_file": folder / "access",
        }
        return "allow_anonymous false\n" + "".join(
            f"{key} {path.absolute()}\n" for key, path in files.items()
        )
