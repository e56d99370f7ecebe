"""What a device is told of its updates when it joins."""

from __future__ import annotations

from pathlib import Path

from contracts import enrolment
from devices.settings import Settings
from devices.updates.routes import ROOT
from runtime.settings import Wrong


def told(settings: Settings, address: str) -> enrolment.Updates:
    """`address`: at which devices reach the platform. Raises Wrong."""
    wanted = settings.updates
    if not wanted.keys:
        return enrolment.Updates()
    return enrolment.Updates(
        keys=wanted.keys,
        source=wanted.source or f"{address.rstrip('/')}{ROOT}",
        trusted=_trusted(settings),
    )


def _trusted(settings: Settings) -> str:
    if settings.updates.ca_file is not None:
        return _pem("devices.updates.ca_file", settings.updates.ca_file)
    if settings.certificate is None or settings.updates.source:
        return ""
    pem = _pem("devices.certificate", settings.certificate)
    return pem if _vouches_for_itself(pem) else ""


def _vouches_for_itself(pem: str) -> bool:
    from cryptography import x509

    found = x509.load_pem_x509_certificate(pem.encode())
    return found.issuer == found.subject


def _pem(setting: str, path: Path) -> str:
    from cryptography import x509

    try:
        text = path.read_text(encoding="ascii")
        x509.load_pem_x509_certificates(text.encode())
    except OSError as error:
        raise Wrong(
            setting, path, error.strerror or str(error), "name a file that this user may read"
        ) from None
    except ValueError:
        raise Wrong(setting, path, "no certificate in PEM", "name the authority's certificate") from None
    return text
