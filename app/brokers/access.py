"""Who may say and hear what at Mosquitto: channels one by one, by account, never by client id."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
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
    every,
    every_area,
    every_worker,
)


class Role(StrEnum):
    """What an account of ours does; every other account is a device, and named like it."""

    INGEST = "ingest"
    PLATFORM = "platform"
    APP = "app"


_READ: Final[Mapping[Role, Sequence[str]]] = {
    Role.INGEST: [
        every(channel) for channel in (Channel.TELEMETRY, Channel.EVENT, Channel.FRAME, Channel.STATUS)
    ],
    Role.PLATFORM: [
        *(
            every(channel)
            for channel in (Channel.STATUS, Channel.RECEIPT, Channel.RESULT, Channel.SHADOW_REPORTED)
        ),
        *(every_area(area) for area in ("alert", "takeover", "roster", "judgement")),
        every_area("judgement", receipt=True),
        every_worker("feed"),
    ],
    Role.APP: [every_area(area) for area in ("alert", "takeover", "roster")],
}
_WRITE: Final[Mapping[Role, Sequence[str]]] = {
    Role.INGEST: [every(Channel.RECEIPT), every_worker("feed")],
    Role.PLATFORM: [
        *(every(channel) for channel in (Channel.COMMAND, Channel.SHADOW_DESIRED)),
        *(every_area(area) for area in ("alert", "takeover", "roster", "judgement")),
        every_area("judgement", receipt=True),
        f"{ROOT}/+/city/+/{Channel.TELEMETRY}",
        f"{ROOT}/+/city/+/{Channel.EVENT}",
    ],
    Role.APP: [],
}


def control_list(accounts: Mapping[str, Role], devices: Sequence[Device] = ()) -> str:
    """Mosquitto's access list: roles, each device's own channels, and its site's alerts and takeovers."""
    lines = []
    for name, role in accounts.items():
        lines.append(f"user {name}")
        lines += [f"topic read {topic}" for topic in _READ[role]]
        lines += [f"topic write {topic}" for topic in _WRITE[role]]
    for device in devices:
        lines.append(f"user {device.device}")
        lines += [f"topic read {ROOT}/{device.site}/{area}/+" for area in ("alert", "takeover")]
    lines += [f"pattern write {ROOT}/+/+/%u/{channel}" for channel in WRITTEN_BY_DEVICE]
    lines += [f"pattern read {ROOT}/+/+/%u/{channel}" for channel in READ_BY_DEVICE]
    return "\n".join(lines) + "\n"


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
