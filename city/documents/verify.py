"""Whether a PDF is as it was signed, and by whom. For documents of ours: a hostile one may cost much time."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from typing import Any

import msgspec

from contracts import instants


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a signature is worth."""

    intact: bool  # what was signed is unchanged
    whole: bool  # and nothing was added but proofs and times
    trusted: bool  # its certificate comes from one of the roots
    signer: str  # whom the certificate names
    signed: int | None  # µs UTC, as the signer says
    stamped: int | None = None  # µs UTC, as a time stamp's service says


def verify(pdf: bytes, roots: Sequence[Any], *, at: int) -> Verdict | None:
    """The document's signature, judged at an instant (µs UTC); None where it has none."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    reader = PdfFileReader(io.BytesIO(pdf))
    signatures = reader.embedded_regular_signatures
    if not signatures:
        return None
    context = ValidationContext(
        trust_roots=list(roots), moment=instants.to_datetime(at), allow_fetching=False
    )
    for chatty in ("pyhanko", "pyhanko_certvalidator"):  # it logs each certificate that it does not trust
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
    status = validate_pdf_signature(signatures[0], signer_validation_context=context)
    said = status.signer_reported_dt
    stamp = status.timestamp_validity
    return Verdict(
        intact=status.intact and status.valid,
        whole=bool(status.docmdp_ok),
        trusted=status.trusted,
        signer=str(status.signing_cert.subject.native.get("common_name", "")),
        signed=None if said is None else instants.from_datetime(said),
        stamped=None if stamp is None else instants.from_datetime(stamp.timestamp),
    )
