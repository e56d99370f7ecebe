"""The trail for auditors: filtered, page by page, taken out, and proved whole or not."""

import json

import pytest
from sqlalchemy import text

from city.audit import Sealer, Settings
from tests.city.audit.books import tampering
from tests.web.admin.conftest import Browser, Hall


@pytest.fixture
def auditor(hall: Hall) -> Browser:
    return hall.client(hall.person("Adi", "platform/auditor"))


def sealed(hall: Hall) -> None:
    """All that waits is under a seal now, which is known outside."""
    settings = Settings(witness=hall.folder / "audit")
    Sealer(hall.db, hall.clock, settings=settings, sign=hall.sign).turn()


def test_filters_and_pages(hall: Hall, auditor: Browser) -> None:
    for number in range(5):
        hall.clock.advance(1)
        hall.person(f"Orang{number}")
    found: list[int] = []
    cursor = ""
    while True:
        page = auditor.get(
            "/api/v1/audit", params={"action": "person.invited", "limit": 2, "cursor": cursor}
        ).json()
        found += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert found == sorted(found, reverse=True)
    assert len(found) == 6
    first = auditor.get("/api/v1/audit", params={"until": str(hall.clock.now() - 3_500_000)}).json()["items"]
    assert 0 < len(first) < 12
    assert auditor.get("/api/v1/audit", params={"since": "yesterday"}).status_code == 422
    assert auditor.get("/api/v1/audit", params={"cursor": "x"}).status_code == 422


def test_an_export_is_lines_and_is_itself_noted(auditor: Browser) -> None:
    answer = auditor.get("/api/v1/audit/export", params={"kind": "identity.person"})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines
    assert {one["entry"]["kind"] for one in lines if "entry" in one} == {"identity.person"}
    newest = auditor.get("/api/v1/audit", params={"limit": 1}).json()["items"][0]
    assert (newest["action"], newest["kind"]) == ("exported", "audit.trail")


def test_a_change_shows(hall: Hall, auditor: Browser) -> None:
    sealed(hall)
    told = auditor.get("/api/v1/audit/verification").json()
    assert told["ok"] is True
    assert told["report"]["entries"] > 3
    page = Browser(hall.app)
    page.cookies = auditor.cookies
    assert "Tidak ada yang mengubahnya" in page.get("/kelola/jejak/periksa").text
    with tampering(hall.db) as tx:
        tx.execute(text("UPDATE audit_entries SET why = 'lain' WHERE id = 2"))
    assert auditor.get("/api/v1/audit/verification").json()["ok"] is True  # once a minute
    hall.clock.advance(61)
    told = auditor.get("/api/v1/audit/verification").json()
    assert (told["ok"], told["report"]["faults"][0]["how"]) == (False, "edited")
    assert "Ada yang mengubahnya" in page.get("/kelola/jejak/periksa").text


def test_where_the_file_outside_is_not_nothing_is_said_of_it(hall: Hall, auditor: Browser) -> None:
    sealed(hall)
    hall.witness.path.unlink()
    answer = auditor.get("/api/v1/audit/verification")
    assert answer.status_code == 503
    assert "imm audit verify" in answer.json()["cure"]


def test_the_page_tells_who_and_what(hall: Hall, auditor: Browser) -> None:
    page = Browser(hall.app)
    page.cookies = auditor.cookies
    found = page.get("/kelola/jejak?action=grant.given")
    assert found.status_code == 200
    assert "platform.auditor" in found.text
    assert "Menunggu" not in found.text
    assert page.get("/kelola/jejak?dari=kemarin").status_code == 422
    assert "Tidak ada catatan" in page.get("/kelola/jejak?dari=2001-01-01&sampai=2001-01-02").text
