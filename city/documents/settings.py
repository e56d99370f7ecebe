"""Settings of documents."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signs documents, and where anyone may check one."""

    address: str = (
        "http://127.0.0.1:8600"  # of the public pages; stands in each QR code, so it must not change
    )
    signer_file: Path | None = None  # PKCS#12 with key and certificate; at work one from BSrE
    signer_password_file: Path | None = None  # its first line is the password of signer_file
    trial: bool = True  # without a signer_file: sign by a trial key, and say so on each page
    trust_file: Path | None = None  # PEM with the root certificates of signer and time stamps
    timestamps: str = (
        ""  # address of an RFC 3161 service: signatures then outlive the certificate (PAdES B-T)
    )
    long_term: bool = False  # put proofs of non-revocation into the document (PAdES B-LT); wants trust_file
