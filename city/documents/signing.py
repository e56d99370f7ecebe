"""PAdES signatures: who signs, and the PDF with the signature in it. Calls block: use a thread."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

import msgspec

from city.documents import trial
from city.documents.errors import NoSigner, Unsigned
from city.documents.settings import Settings
from contracts import instants
from runtime.clock import Clock

_FIELD: Final = "TandaTangan"
_ROOM: Final = 16_384  # bytes for the signature with its time stamp and chain
_CURE: Final = "correct documents.signer_file and documents.signer_password_file"


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What a signature says beside who signed."""

    reason: str = ""  # `Surat Keterangan Usaha 510/012/XI/2026`
    place: str = "Cirebon"


class Signer:
    """Signs by the key of a PKCS#12 file."""

    def __init__(
        self, key: Any, *, clock: Clock, trial: bool, stamper: Any = None, proofs: Any = None
    ) -> None:
        self._key = key
        self._clock = clock
        self._stamper = stamper  # of RFC 3161; None: PAdES B-B
        self._proofs = proofs  # makes what certificates are validated with; None: without proofs (no B-LT)
        self.trial = trial  # worth nothing: its documents must say so

    @property
    def name(self) -> str:
        """Whom the certificate names."""
        return str(self._key.signing_cert.subject.native.get("common_name", ""))

    @property
    def until(self) -> int:
        """µs UTC after which the certificate is over."""
        return instants.from_datetime(self._key.signing_cert.not_valid_after)

    def sign(self, pdf: bytes, details: Details | None = None) -> bytes:
        """PDF → PDF that is certified: any later change shows. Raises Unsigned, NoSigner."""
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
        from pyhanko.sign.signers import PdfSignatureMetadata

        now = self._clock.now()
        if now > self.until:
            raise NoSigner(
                f"the certificate of {self.name} was valid until {instants.to_rfc3339(self.until)}", _CURE
            )
        details = details or Details()
        meta = PdfSignatureMetadata(
            field_name=_FIELD,
            md_algorithm="sha256",
            reason=details.reason or None,
            location=details.place,
            name=self.name,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
            subfilter=SigSeedSubFilter.PADES,
            embed_validation_info=self._proofs is not None,
            validation_context=self._proofs() if self._proofs is not None else None,
        )
        signer = _at(now)(meta, self._key, timestamper=self._stamper, new_field_spec=SigFieldSpec(_FIELD))
        try:
            writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
            signed = signer.sign_pdf(writer, bytes_reserved=None if self._proofs else _ROOM)
        except (
            Exception
        ) as error:  # the library's, the service's and the network's errors have no common root
            raise Unsigned(f"{type(error).__name__}: {error}"[:300]) from error
        return bytes(signed.getbuffer())


def open_signer(settings: Settings, keys: Path, clock: Clock) -> Signer:
    """The signer of the settings; a trial one, kept under `keys`, where none is set. Raises NoSigner."""
    if settings.signer_file is None:
        if not settings.trial:
            raise NoSigner("documents.signer_file is not set", "set it, or documents.trial = true")
        body, password = trial.kept(keys, clock)
    else:
        body = _content("signer_file", settings.signer_file)
        password = _first_line("signer_password_file", settings.signer_password_file)
    return Signer(
        load(body, password),
        clock=clock,
        trial=settings.signer_file is None,
        stamper=_stamper(settings.timestamps),
        proofs=_proofs(settings, clock) if settings.long_term else None,
    )


def load(body: bytes, password: bytes) -> Any:
    """PKCS#12 → key and certificates. Raises NoSigner."""
    from pyhanko.sign.signers import SimpleSigner

    try:
        return SimpleSigner.load_pkcs12_data(body, other_certs=[], passphrase=password or None)
    except (ValueError, TypeError, AttributeError):
        raise NoSigner("the PKCS#12 file does not open with this password, or holds no key", _CURE) from None


def _at(now: int) -> Any:
    """The library's signer, whose signatures say our time instead of asking the machine."""
    from pyhanko.sign.signers import PdfSigner

    class Timed(PdfSigner):
        def init_signing_session(self, *arguments: Any, **options: Any) -> Any:
            session = super().init_signing_session(*arguments, **options)
            session.system_time = instants.to_datetime(now)
            return session

    return Timed


def _stamper(address: str) -> Any:
    if not address:
        return None
    from city.documents.stamps import stamper

    return stamper(address)


def _proofs(settings: Settings, clock: Clock) -> Any:
    """Makes the context in which certificates are validated before signing; asks their issuers by HTTP."""
    from pyhanko_certvalidator import ValidationContext

    roots = trust(settings)
    if not roots:
        raise NoSigner("documents.long_term wants to know whom to trust", "set documents.trust_file")
    return lambda: ValidationContext(
        trust_roots=roots,
        allow_fetching=True,
        revocation_mode="hard-fail",
        moment=instants.to_datetime(clock.now()),
    )


def trust(settings: Settings) -> list[Any]:
    """Root certificates of the settings. Raises NoSigner."""
    if settings.trust_file is None:
        return []
    from pyhanko.keys import load_certs_from_pemder_data

    body = _content("trust_file", settings.trust_file)
    try:
        return list(load_certs_from_pemder_data(body))
    except ValueError as error:
        raise NoSigner(f"documents.trust_file: {error}", "name a PEM file with root certificates") from None


def _content(setting: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NoSigner(
            f"documents.{setting}: {path}: {error.strerror}", "name a file that this user may read"
        ) from None


def _first_line(setting: str, path: Path | None) -> bytes:
    lines = _content(setting, path).splitlines() if path else []
    return lines[0] if lines else b""
