"""TLS of one connection: made anew for each, so that a renewed certificate needs no restart."""

from __future__ import annotations

import ssl
from pathlib import Path

from runtime import settings as configuration
from runtime.mqtt.settings import Settings


def context(settings: Settings) -> ssl.SSLContext | None:
    """What the settings ask for, TLS 1.3 at least; None without TLS. Raises Wrong naming the file."""
    if settings.ca_file is None:
        return None
    try:
        made = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise _wrong("mqtt.ca_file", settings.ca_file, error) from None
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    if settings.cert_file and settings.key_file:
        try:
            made.load_cert_chain(settings.cert_file, settings.key_file)
        except OSError as error:
            raise _wrong("mqtt.cert_file", settings.cert_file, error) from None
    return made


def reason(error: ssl.SSLError) -> str:
    """Why TLS failed, for people: what our side found, or what the other side said."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: {error.verify_message}"
    _, alert, said = (error.reason or "").partition("_ALERT_")
    if alert:
        return f"TLS: the broker refuses: {said.replace('_', ' ').lower()}"
    return f"TLS: {error}"


def _wrong(setting: str, path: Path, error: OSError) -> configuration.Wrong:
    why = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return configuration.Wrong(
        setting,
        path,
        why or str(error),
        "name a file in PEM form that this user may read, with the key that belongs to it",
    )
