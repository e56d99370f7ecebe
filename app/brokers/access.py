"""What makes a Mosquitto ask who somebody is: TLS, and the accounts with which its plugin starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from app.brokers.errors import Failure
from app.brokers.port import Endpoint

ACCOUNTS: Final = "dynamic-security.json"  # in the broker's folder; the plugin itself keeps it from then on
_PLUGIN: Final = "mosquitto_dynamic_security.so"
_LIBRARIES: Final = ("/usr/lib", "/usr/local/lib", "/opt/homebrew/lib")

_TLS: Final = """listener {port} {host}
cafile {ca}
certfile {cert}
keyfile {key}
tls_version tlsv1.3
use_username_as_clientid true
"""
_CERTIFICATES: Final = """require_certificate true
use_identity_as_username true
"""


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """The broker's certificate, and whose certificates it believes."""

    ca_file: Path  # of those who connect by certificate
    cert_file: Path
    key_file: Path
    crl_file: Path | None = None  # certificates of that CA that are revoked; read again at `reload`


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts, and TLS where devices come from other machines."""

    seed: bytes  # the accounts of a new broker, see devices.broker.seed; what one has is kept
    tls: Tls | None = None

    def prepare(self, folder: Path, certificates: Endpoint | None, passwords: Endpoint | None) -> str:
        """Write the accounts where there are none; return the configuration. Raises Failure."""
        accounts = folder / ACCOUNTS
        if not accounts.exists():
            with os.fdopen(os.open(accounts, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(self.seed)
        text = f"allow_anonymous false\nplugin {_plugin()}\nplugin_opt_config_file {accounts.absolute()}\n"
        for place, more in ((certificates, self._asks()), (passwords, "")):
            if place and self.tls:
                text += _TLS.format(
                    port=place.port,
                    host=place.host,
                    ca=self.tls.ca_file.absolute(),
                    cert=self.tls.cert_file.absolute(),
                    key=self.tls.key_file.absolute(),
                )
                text += more
        return text

    def _asks(self) -> str:
        crl = self.tls.crl_file if self.tls else None
        return _CERTIFICATES + (f"crlfile {crl.absolute()}\n" if crl else "")


def _plugin() -> Path:
    for library in map(Path, _LIBRARIES):
        for found in (library / _PLUGIN, *library.glob(f"*/{_PLUGIN}")):
            if found.exists():
                return found
    raise Failure(
        "Mosquitto cannot ask for accounts",
        f"its plugin {_PLUGIN} is missing",
        "install Mosquitto 2 with its dynamic-security plugin, as Debian's package is",
    )
