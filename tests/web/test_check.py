"""Anyone checks a letter, without an account and without JavaScript, and learns no more than it says."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page

from city.db import Database
from city.documents import Issued, Paper, Register, Settings, codes
from city.documents.history import HISTORY
from city.history import HISTORY as CITY
from contracts.judgements import Text
from runtime.clock import Clock, Fake
from runtime.ids import factory
from tests.fixtures.served import Served
from tests.fixtures.stage import Stage
from tests.fixtures.tables import ready
from web import check

PDF = b"%PDF-1.7 signed"
WHY = Text(id="alamat usaha salah", en="wrong address of the business")
NUMBER = "400.12.2.2/012-Kel.Kesambi/XI/2026"
PLAIN = {"accept": "text/html"}
Issue = Callable[..., Issued]


def register(url: str, clock: Clock) -> tuple[Database, Register]:
    db = ready(url, [CITY, HISTORY])
    return db, Register(db, Settings(), clock=clock, ids=factory(clock))


def issuing(db: Database, documents: Register, clock: Clock) -> Issue:
    def issue(
        number: str = NUMBER, *, days: int | None = 180, trial: bool = False, close: bool = True
    ) -> Issued:
        until = None if days is None else clock.now() + days * 86_400_000_000
        title = Text(id="Surat Keterangan Usaha", en="Certificate of Business")
        paper = Paper(
            kind="test.sku",
            title=title,
            number=number,
            unit="Kelurahan Kesambi",
            record="r1",
            initials="S. N.",
            until=until,
        )
        with db.begin() as tx:
            made = documents.open(tx, paper)
            return documents.close(tx, made.code, PDF, file="f1", trial=trial) if close else made

    return issue


@pytest.fixture
def documents(tmp_path: Path, clock: Fake) -> Iterator[tuple[Database, Register]]:
    db, documents = register(f"sqlite:///{tmp_path / 'city.sqlite'}", clock)
    yield db, documents
    db.close()


@pytest.fixture
def issue(documents: tuple[Database, Register], clock: Fake) -> Issue:
    return issuing(*documents, clock)


@pytest.fixture
def client(tmp_path: Path, clock: Fake, documents: tuple[Database, Register]) -> Iterator[TestClient]:
    stage = Stage(f"sqlite:///{tmp_path / 'city.sqlite'}", clock, extra=[check.contribution(documents[1])])
    with TestClient(stage.app(), headers=PLAIN) as client:
        yield client
    stage.close()


def compare(client: TestClient, body: bytes, **fields: str) -> tuple[int, str]:
    answer = client.post("/cek", data=fields, files={"file": ("surat.pdf", body, "application/pdf")})
    return answer.status_code, answer.text


def test_a_code_leads_to_its_letter(client: TestClient, issue: Issue) -> None:
    one = issue()
    asked = client.get("/cek", params={"q": codes.shown(one.code).lower()}, follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (303, f"/cek/{one.code}")
    page = client.get(f"/cek/{one.code}").text
    for words in ("Surat Keterangan Usaha", "Asli dan berlaku", NUMBER, "Kelurahan Kesambi", "S. N."):
        assert words in page.replace("<wbr>", "")
    assert "Genuine and valid" in client.get(f"/cek/{one.code}?lang=en").text


def test_a_number_tells_nothing_of_the_person(client: TestClient, issue: Issue) -> None:
    one = issue()
    page = client.get("/cek", params={"q": NUMBER}).text
    assert "Asli dan berlaku" in page
    assert "S. N." not in page
    assert one.code not in page


@pytest.mark.parametrize(
    "state, words",
    [
        ("expired", "sudah tidak berlaku"),
        ("revoked", "alamat usaha salah"),
        ("trial", "uji coba"),
        ("preparing", "Sedang dibuat"),
    ],
)
def test_what_is_worth_nothing_says_so(
    client: TestClient,
    issue: Issue,
    documents: tuple[Database, Register],
    clock: Fake,
    state: str,
    words: str,
) -> None:
    one = issue(trial=state == "trial", close=state != "preparing")
    if state == "expired":
        clock.advance(181 * 86_400)
    if state == "revoked":
        with documents[0].begin() as tx:
            documents[1].revoke(tx, one.code, WHY)
    page = client.get(f"/cek/{one.code}").text
    assert words in page
    assert "Asli dan berlaku" not in page


@pytest.mark.parametrize(
    "path", ["/cek/7K3M9QXT2PA0", "/cek/x", "/cek?q=999/X/2026", "/cek?q=<script>alert(1)</script>"]
)
def test_what_is_not_ours_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Tidak ada surat dengan kode atau nomor ini" in answer.text
    assert "<script>alert" not in answer.text


def test_a_file_is_compared(client: TestClient, issue: Issue) -> None:
    one = issue()
    status, page = compare(client, PDF)
    assert (status, "tanpa perubahan" in page, NUMBER in page.replace("<wbr>", "")) == (200, True, True)
    status, page = compare(client, PDF + b" ", code=one.code)
    assert (status, "bukan surat yang kami terbitkan" in page, NUMBER in page.replace("<wbr>", "")) == (
        200,
        True,
        True,
    )
    status, page = compare(client, PDF + b" ")
    assert (status, "bukan surat yang kami terbitkan" in page) == (404, True)


def test_a_form_without_a_file(client: TestClient, issue: Issue) -> None:
    issue()
    assert client.post("/cek", data={}, files={"other": ("", b"")}).status_code == 422
    assert client.post("/cek", data={"code": "x"}).status_code == 422
    broken = client.post("/cek", content=b"x", headers={"content-type": "multipart/form-data; boundary=y"})
    assert broken.status_code in {400, 422}


def test_a_file_that_is_too_large_is_not_read(client: TestClient) -> None:
    status, _ = compare(client, bytes(check.LARGEST + 200_000))
    assert status == 413


def test_apps_ask_the_same(client: TestClient, issue: Issue) -> None:
    one = issue()
    ask = "/api/v1/documents/check"
    assert client.get(ask, params={"code": one.code}).json()["initials"] == "S. N."
    assert client.get(ask, params={"number": NUMBER}).json()["initials"] == ""
    digest = hashlib.sha256(PDF).hexdigest()
    assert client.get(ask, params={"sha256": digest}).json()["same"] is True
    assert client.get(ask, params={"sha256": digest[::-1], "code": one.code}).json()["same"] is False
    for asked, status in (
        ({}, 422),
        ({"code": "x"}, 404),
        ({"sha256": "x"}, 422),
        ({"sha256": "0" * 64}, 404),
    ):
        answer = client.get(ask, params=asked)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


class TestEyes:
    @pytest.fixture
    def page(self, browser: Browser, root: Path) -> Iterator[Page]:
        context = browser.new_context(
            viewport={"width": 320, "height": 640}, has_touch=True, reduced_motion="reduce"
        )
        context.set_default_timeout(30_000)
        page = context.new_page()
        axe = (root / "web/frontend/node_modules/axe-core/axe.min.js").read_text()
        page.add_init_script("window.said = []")
        self.script = axe + (root / "tests/web/looks.js").read_text()
        yield page
        context.close()

    def test_nobody_is_shut_out(self, page: Page, tmp_path: Path) -> None:
        from runtime.clock import System

        url = f"sqlite:///{tmp_path / 'city.sqlite'}"
        db, documents = register(url, System())
        served = Served(url, extra=[check.contribution(documents)])
        served.start()
        try:
            issue = issuing(db, documents, System())
            one, old = issue(), issue("2", trial=True)
            wrong = []
            for path in ("/cek", f"/cek/{one.code}", f"/cek/{old.code}", "/cek/x"):
                for choice in ("lang=id&theme=light", "lang=en&theme=night"):
                    page.goto(f"{served.address}{path}?{choice}")
                    page.evaluate(self.script)
                    wrong += [(path, choice, *found) for found in page.evaluate("looks.axe()")]
                    if page.evaluate("looks.wide()") > 320:
                        wrong.append((path, choice, "scrolls sideways"))
            assert wrong == []
        finally:
            served.stop()
            db.close()
