"""Rules by the API and on their pages, in the whole application."""

import re
from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient

from alerts.rulebook.examples import REPORT
from analytics import rules
from contracts.backtest import Report
from contracts.rules import Rule
from tests.fixtures.whole import Whole

FILE = Path(__file__).parents[3] / "deploy" / "rules" / "bima.yaml"
HOT = "/api/v1/rules/kiosk-hot"
DISK = "/aturan/kiosk-disk"


def rule(id_: str) -> Rule:
    return next(one for one in rules.load([FILE]) if one.id == id_)


def report(of: str = "kiosk-hot") -> Report:
    return msgspec.structs.replace(REPORT, rule=of, rule_hash=rule(of).hash)


@pytest.fixture
def web(whole: Whole) -> TestClient:
    return TestClient(whole.app(), follow_redirects=False)


def told(of: Report) -> dict[str, object]:
    found: dict[str, object] = msgspec.to_builtins(of)
    return found


def test_a_rule_is_handed_a_report_activated_and_put_on_trial(web: TestClient) -> None:
    first = web.get(HOT)
    assert (first.headers["etag"], first.json()["listed"]["state"]) == ('"0"', "trial")
    mark = web.post(f"{HOT}/report", json=told(report())).json()["hash"]
    assert mark == report().hash
    active = web.post(f"{HOT}/activate", json={"report": mark}, headers={"If-Match": '"0"'})
    assert (active.status_code, active.json()["listed"]["state"]) == (200, "active")
    late = web.post(f"{HOT}/activate", json={"report": mark}, headers={"If-Match": '"0"'})
    assert late.status_code == 412
    back = web.post(f"{HOT}/trial", json={"why": "terlalu sering"}, headers={"If-Match": '"1"'})
    assert back.json()["listed"]["why"] == "terlalu sering"
    again = web.post(f"{HOT}/trial", json={"why": "lagi"}, headers={"If-Match": "*"})
    assert again.status_code == 409
    states = {one["rule"]: one["state"] for one in web.get("/api/v1/rules").json()["items"]}
    assert states["kiosk-hot"] == "trial"
    assert set(states.values()) == {"trial"}


def test_what_is_no_report_of_this_content_is_refused(web: TestClient) -> None:
    other = msgspec.structs.replace(report(), rule_hash="0" * 16)
    assert web.post(f"{HOT}/report", json=told(other)).status_code == 409
    assert web.post(f"{HOT}/report", json={"rule": "kiosk-hot"}).status_code == 422
    assert web.post("/api/v1/rules/none/report", json=told(report())).status_code == 404
    refused = web.post(f"{HOT}/activate", json={"report": "none"}, headers={"If-Match": "*"})
    assert refused.status_code == 409
    assert "imm rules test" in refused.json()["cure"]


def test_who_activates_says_that_he_has_read(web: TestClient) -> None:
    assert "Aktifkan" not in web.get(DISK, headers={"Accept-Language": "id"}).text
    mark = web.post("/api/v1/rules/kiosk-disk/report", json=told(report("kiosk-disk"))).json()["hash"]
    page = web.get(DISK, headers={"Accept-Language": "id"}).text
    assert "Akan memberi 2 peringatan selama 30 hari" in page
    picture = re.search(r'src="(/aturan/kiosk-disk/[0-9a-f]+\.svg)"', page)
    assert picture
    drawn = web.get(picture[1])
    assert (drawn.headers["content-type"], b"<svg" in drawn.content) == ("image/svg+xml", True)
    form = {"report": mark, "revision": "0", "why": "sudah dibaca"}
    unread = web.post(f"{DISK}/aktifkan", data=form)
    assert unread.status_code == 422
    assert web.get("/api/v1/rules/kiosk-disk").json()["listed"]["state"] == "trial"
    assert web.post(f"{DISK}/aktifkan", data=form | {"read": "1"}).status_code == 303
    assert web.get("/api/v1/rules/kiosk-disk").json()["listed"]["state"] == "active"
    assert web.post(f"{DISK}/uji", data={"revision": "0", "why": "lama"}).status_code == 412
    assert web.post(f"{DISK}/uji", data={"revision": "1", "why": "ramai"}).status_code == 303
    assert "ramai" in web.get(DISK).text
    assert web.get("/aturan").text.count("/aturan/") >= len(rules.load([FILE]))
    assert web.get("/aturan/none").status_code == 404
    assert web.get("/aturan/kiosk-disk/none.svg").status_code == 404
