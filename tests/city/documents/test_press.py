"""Pages from templates: tagged, named, in a language, and from nowhere but our own packages."""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from city.documents import Issued, Press, figures
from city.documents.errors import Unmade
from city.files import Kind, Use, checks
from runtime.clock import Fake
from tests.city.documents.conftest import made


def said(pdf: bytes) -> str:
    run = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return run.stdout.decode()


def test_it_is_tagged_and_says_what_it_is(letter: bytes) -> None:
    reader = PdfFileReader(io.BytesIO(letter))
    root = reader.root
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "id"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "Surat Keterangan Usaha" in reader.trailer["/Info"]["/Title"]
    assert b"pdfuaid" in root["/Metadata"].data
    assert [root["/Outlines"]["/First"]["/Title"]] == ["Surat Keterangan Usaha"]


def elements(node: Any) -> Iterator[Any]:
    """All of a tree of tags."""
    node = node.get_object()
    if isinstance(node, generic.ArrayObject):
        for child in node:
            yield from elements(child)
    elif isinstance(node, generic.DictionaryObject):
        yield node
        if "/K" in node:
            yield from elements(node["/K"])


def test_pictures_say_what_they_are_and_tables_what_heads_them(letter: bytes) -> None:
    tags = list(elements(PdfFileReader(io.BytesIO(letter)).root["/StructTreeRoot"]))
    kinds = [tag["/S"] for tag in tags if "/S" in tag]
    pictures = [tag["/Alt"] for tag in tags if tag.get("/S") == "/Figure"]
    assert pictures == ["Kode QR yang membuka halaman pemeriksaan surat ini"]
    assert [kind for kind in kinds if kind in {"/H1", "/H2", "/Table", "/TH", "/TD"}] == [
        "/H1",
        "/Table",
        "/TH",
        "/TD",
        "/H2",
    ]


def test_what_is_put_in_stays_text(press: Press, paper: Issued, clock: Fake) -> None:
    pdf = made(press, paper, clock, name="<img src='file:///etc/passwd'> & <b>Siti</b>")
    assert "<img src='file:///etc/passwd'> & <b>Siti</b>" in said(pdf)


def test_it_says_the_same_in_english(press: Press, paper: Issued, clock: Fake) -> None:
    text = said(made(press, paper, clock, language="en"))
    assert "CERTIFICATE OF BUSINESS" in text
    assert "Signed electronically by" in text
    assert "Kode 7K3M-9QXT-2PAB" in said(made(press, paper, clock))


def test_a_trial_says_so_on_each_page(press: Press, paper: Issued, clock: Fake) -> None:
    assert said(made(press, paper, clock, trial=True)).count("UJI COBA") == 2
    assert "UJI COBA ·" not in said(made(press, paper, clock))


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://127.0.0.1/x.png">',
        '<img src="file:///etc/passwd">',
        '<link rel="stylesheet" href="http://127.0.0.1/x.css">',
        '<style>@import url("https://127.0.0.1/x.css");</style>',
        '<style>p { background: url("ftp://127.0.0.1/x") }</style><p>x</p>',
        '<img src="/etc/passwd">',
        '<img src="data:text/html,x">',
        '<img src="asset:documents/../press.py">',
        '<img src="asset:documents/none.svg">',
        '<img src="asset:other/kop.svg">',
    ],
)
def test_nothing_is_loaded_from_elsewhere(templates: Path, press: Press, html: str) -> None:
    (templates / "x.html").write_text(f"<!doctype html><html lang=id><title>x</title>{html}</html>")
    with pytest.raises(Unmade):
        press.pdf("test/x.html")


@pytest.mark.parametrize(
    "html", ["{{ missing }}", "{% block %}", "{{ asset('documents/none.svg') }}", "{{ 1/0 }}"]
)
def test_a_template_that_is_wrong_is_told(templates: Path, press: Press, html: str) -> None:
    (templates / "x.html").write_text(html)
    with pytest.raises(Unmade, match=r"test/x\.html"):
        press.html("test/x.html")


def test_our_own_letters_may_be_sent_back_to_us(letter: bytes) -> None:
    use = Use(name="test.paper", kinds=(Kind.PDF,))
    assert checks.check(letter, use, "surat.pdf").body == letter


def test_without_system_libraries_the_rest_works_and_says_what_to_install(
    tmp_path: Path, root_folder: Path
) -> None:
    (tmp_path / "weasyprint.py").write_text(
        "raise OSError('cannot load library libpango-1.0-0: not found')\n"
    )
    code = """
import sys
import city.documents
from city.documents import errors, press
assert not {"weasyprint", "pyhanko"} & sys.modules.keys()
try:
    press.library()
except errors.NotInstalled as error:
    print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root_folder,
        env={"PYTHONPATH": f"{tmp_path}:{root_folder}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "libpango-1.0-0" in run.stdout
    assert "apt-get install" in run.stdout


@pytest.fixture
def root_folder() -> Path:
    return Path(__file__).resolve().parents[3]


def test_figures() -> None:
    at = 1_795_000_000_000_000
    assert figures.day(at) == "18 November 2026"
    assert figures.moment(at) == "18 November 2026 pukul 18.06 WIB"
    assert figures.moment(at, language="en") == "18 November 2026 at 18:06 WIB (UTC+7)"
    assert [figures.rupiah(amount) for amount in (0, 1_250_000, -5)] == ["Rp0", "Rp1.250.000", "-Rp5"]
