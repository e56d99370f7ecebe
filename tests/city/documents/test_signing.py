"""Signatures hold in other programs, and any later change shows."""

import io
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator import ValidationContext

from city.documents import Settings, Signer, signing, stamps, trial, verify
from city.documents.errors import NoSigner, Unsigned
from city.documents.signing import Details
from city.documents.trial import Authority
from city.files import Kind, Use, checks
from contracts import instants
from runtime.clock import Fake
from tests.city.documents.conftest import SIGNER


@pytest.fixture
def roots(root: Authority) -> list[Any]:
    return list(load_certs_from_pemder_data(root.pem))


def pdfsig(pdf: bytes, folder: Path) -> str:
    file = folder / "signed.pdf"
    file.write_bytes(pdf)
    return subprocess.run(["pdfsig", "-nocert", file], capture_output=True, check=False).stdout.decode()


def test_poppler_and_pyhanko_agree_that_it_holds(
    letter: bytes, signer: Signer, roots: list[Any], clock: Fake, tmp_path: Path
) -> None:
    signed = signer.sign(letter, Details(reason="Surat Keterangan Usaha"))
    told = pdfsig(signed, tmp_path)
    assert "Signature Validation: Signature is Valid." in told
    assert "Total document signed" in told
    assert "Signature Type: ETSI.CAdES.detached" in told
    verdict = verify.verify(signed, roots, at=clock.now())
    assert verdict == verify.Verdict(
        intact=True, whole=True, trusted=True, signer=SIGNER, signed=clock.now(), stamped=None
    )
    assert verify.verify(letter, roots, at=clock.now()) is None


def test_it_stays_tagged_and_harmless(letter: bytes, signer: Signer) -> None:
    signed = signer.sign(letter)
    assert "/StructTreeRoot" in PdfFileReader(io.BytesIO(signed)).root
    use = Use(name="test.paper", kinds=(Kind.PDF,))
    assert checks.check(signed, use, "surat.pdf").body == signed


def test_a_changed_byte_shows(
    letter: bytes, signer: Signer, roots: list[Any], clock: Fake, tmp_path: Path
) -> None:
    signed = signer.sign(letter)
    changed = signed.replace(b"/Lang", b"/Lung", 1)
    assert changed != signed
    verdict = verify.verify(changed, roots, at=clock.now())
    assert verdict is not None
    assert not verdict.intact
    assert "Digest Mismatch" in pdfsig(changed, tmp_path)


def test_an_addition_shows(letter: bytes, signer: Signer, roots: list[Any], clock: Fake) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(signer.sign(letter)))
    writer.root["/Lang"] = generic.TextStringObject("en")
    writer.update_root()  # type: ignore[no-untyped-call]  # typed outside, not inside
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]  # as above
    verdict = verify.verify(out.getvalue(), roots, at=clock.now())
    assert verdict is not None
    assert (verdict.intact, verdict.whole) == (True, False)


def test_a_stranger_is_not_trusted(letter: bytes, signer: Signer, clock: Fake) -> None:
    verdict = verify.verify(signer.sign(letter), [], at=clock.now())
    assert verdict is not None
    assert (verdict.intact, verdict.trusted) == (True, False)


def test_a_certificate_that_is_over_signs_nothing(letter: bytes, signer: Signer, clock: Fake) -> None:
    clock.advance(731 * 86_400)
    with pytest.raises(NoSigner, match="was valid until"):
        signer.sign(letter)


class TestTimeStamps:
    @pytest.fixture
    def service(self, root: Authority, clock: Fake) -> Iterator[HTTPServer]:
        key = signing.load(trial.signer(root, clock, name="Waktu", password=b"x", stamps=True), b"x")
        dummy = DummyTimeStamper(
            key.signing_cert,
            key.signing_key,
            certs_to_embed=key.cert_registry,
            fixed_dt=instants.to_datetime(clock.now() + 5_000_000),
        )

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_POST(self) -> None:
                asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["content-length"])))
                answer = dummy.request_tsa_response(asked).dump() if self.path == "/" else b"away"
                self.send_response(200 if self.path == "/" else 503)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        with HTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            yield server
            server.shutdown()
            thread.join()

    def test_a_service_says_when(
        self, letter: bytes, pkcs12: bytes, service: HTTPServer, roots: list[Any], clock: Fake
    ) -> None:
        address = f"http://127.0.0.1:{service.server_port}/"
        signer = Signer(
            signing.load(pkcs12, b"rahasia"), clock=clock, trial=False, stamper=stamps.stamper(address)
        )
        verdict = verify.verify(signer.sign(letter), roots, at=clock.now())
        assert verdict is not None
        assert (verdict.intact, verdict.whole, verdict.trusted) == (True, True, True)
        assert verdict.stamped == clock.now() + 5_000_000

    def test_a_service_that_is_away_issues_nothing(
        self, letter: bytes, pkcs12: bytes, service: HTTPServer, clock: Fake
    ) -> None:
        address = f"http://127.0.0.1:{service.server_port}/away"
        signer = Signer(
            signing.load(pkcs12, b"rahasia"), clock=clock, trial=False, stamper=stamps.stamper(address)
        )
        with pytest.raises(Unsigned, match="answered 503"):
            signer.sign(letter)


def revocations(root: Authority, clock: Fake) -> bytes:
    now = instants.to_datetime(clock.now())
    builder = x509.CertificateRevocationListBuilder().issuer_name(root.certificate.subject)
    builder = builder.last_update(now - timedelta(hours=1)).next_update(now + timedelta(days=7))
    return builder.sign(root.key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_proofs_go_into_the_document(
    letter: bytes, pkcs12: bytes, root: Authority, roots: list[Any], clock: Fake
) -> None:
    def proofs() -> ValidationContext:
        return ValidationContext(
            trust_roots=roots,
            crls=[revocations(root, clock)],
            allow_fetching=False,
            revocation_mode="hard-fail",
            moment=instants.to_datetime(clock.now()),
        )

    signer = Signer(signing.load(pkcs12, b"rahasia"), clock=clock, trial=False, proofs=proofs)
    signed = signer.sign(letter)
    assert "/DSS" in PdfFileReader(io.BytesIO(signed)).root
    verdict = verify.verify(signed, roots, at=clock.now())
    assert verdict is not None
    assert (verdict.intact, verdict.whole, verdict.trusted) == (True, True, True)


class TestSettings:
    def test_a_signer_from_files(self, pkcs12: bytes, clock: Fake, tmp_path: Path) -> None:
        (tmp_path / "kunci.p12").write_bytes(pkcs12)
        (tmp_path / "sandi").write_text("rahasia\n")
        settings = Settings(signer_file=tmp_path / "kunci.p12", signer_password_file=tmp_path / "sandi")
        signer = signing.open_signer(settings, tmp_path, clock)
        assert (signer.name, signer.trial) == (SIGNER, False)
        (tmp_path / "sandi").write_text("salah\n")
        with pytest.raises(NoSigner, match="does not open with this password"):
            signing.open_signer(settings, tmp_path, clock)
        with pytest.raises(NoSigner, match="No such file"):
            signing.open_signer(Settings(signer_file=tmp_path / "none"), tmp_path, clock)

    def test_a_trial_signer_is_made_once_and_says_what_it_is(self, clock: Fake, tmp_path: Path) -> None:
        one, two = (signing.open_signer(Settings(), tmp_path / "keys", clock) for _ in range(2))
        assert one.trial
        assert "UJI COBA" in one.name
        assert one.until == two.until
        assert (tmp_path / "keys" / "documents-trial.p12").stat().st_mode & 0o077 == 0

    def test_at_work_there_is_no_trial(self, clock: Fake, tmp_path: Path) -> None:
        with pytest.raises(NoSigner, match="signer_file is not set"):
            signing.open_signer(Settings(trial=False), tmp_path, clock)

    def test_proofs_want_roots(self, root: Authority, clock: Fake, tmp_path: Path) -> None:
        with pytest.raises(NoSigner, match="trust_file"):
            signing.open_signer(Settings(long_term=True), tmp_path, clock)
        (tmp_path / "roots.pem").write_bytes(root.pem)
        assert len(signing.trust(Settings(trust_file=tmp_path / "roots.pem"))) == 1
        (tmp_path / "roots.pem").write_bytes(b"x")
        with pytest.raises(NoSigner, match="trust_file"):
            signing.trust(Settings(trust_file=tmp_path / "roots.pem"))
