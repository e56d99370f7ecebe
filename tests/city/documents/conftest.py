"""A press with one package's template, a trial authority, and the register on each database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from city.db import Database
from city.documents import Press, Register, Settings, Signer, signing, trial
from city.documents.history import HISTORY
from city.documents.records import Issued
from city.documents.trial import Authority
from city.history import HISTORY as CITY
from contracts.judgements import Text
from runtime.clock import Fake
from runtime.ids import factory
from tests.fixtures.tables import ready

ADDRESS = "https://imm.example.go.id"
SIGNER = "Aminah, S.Sos. (uji coba)"
LETTER = """{% extends "documents/surat.html" %}
{% block isi %}
<p>Yang bertanda tangan di bawah ini menerangkan bahwa:</p>
<table class="facts"><tr><th scope="row">Nama</th><td>{{ name }}</td></tr></table>
<h2>Usaha</h2>
<p>memiliki usaha sejak {{ paper.created|day }} dengan modal {{ 1250000|rupiah }}.</p>
{% endblock %}
"""


@pytest.fixture(scope="session")
def root() -> Authority:
    return trial.authority(Fake())


@pytest.fixture(scope="session")
def pkcs12(root: Authority) -> bytes:
    return trial.signer(root, Fake(), name=SIGNER, password=b"rahasia")


@pytest.fixture
def clock() -> Fake:
    return Fake()


@pytest.fixture
def signer(pkcs12: bytes, clock: Fake) -> Signer:
    return Signer(signing.load(pkcs12, b"rahasia"), clock=clock, trial=False)


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "sku.html").write_text(LETTER)
    return folder


@pytest.fixture
def press(templates: Path) -> Press:
    return Press({"test": templates})


@pytest.fixture
def paper(clock: Fake) -> Issued:
    return Issued(
        code="7K3M9QXT2PAB",
        kind="test.sku",
        title=Text(id="Surat Keterangan Usaha", en="Certificate of Business"),
        number="400.12.2.2/012-Kel.Kesambi/XI/2026",
        unit="Kelurahan Kesambi",
        record="r1",
        initials="S. N.",
        created=clock.now(),
        issued=None,
        until=clock.now() + 180 * 86_400 * 1_000_000,
        revoked=None,
        reason=None,
        digest="",
        file="",
        trial=False,
    )


@pytest.fixture
def letter(press: Press, paper: Issued, clock: Fake) -> bytes:
    return made(press, paper, clock)


def made(press: Press, paper: Issued, clock: Fake, language: str = "id", **context: object) -> bytes:
    values = {"paper": paper, "url": f"{ADDRESS}/cek/{paper.code}", "signer": SIGNER, "date": clock.now()}
    return press.pdf(
        "test/sku.html", language=language, **values | {"name": "Siti", "trial": False} | context
    )


@pytest.fixture
def db(city_url: str) -> Iterator[Database]:
    database = ready(city_url, [CITY, HISTORY])
    yield database
    database.close()


@pytest.fixture
def register(db: Database, clock: Fake) -> Register:
    return Register(db, Settings(address=ADDRESS), clock=clock, ids=factory(clock))
