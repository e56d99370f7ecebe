"""TANGI over HTTP: the API for programs, the pages for people."""

import pytest
from fastapi.testclient import TestClient

from contracts.judgements import Severity
from runtime.clock import Fake
from tests.fixtures.stage import Stage, alert

NUMBER = "TGI-2026-000001"


@pytest.fixture
def incidents(stage: Stage, clock: Fake) -> list[str]:
    """Numbers of seven incidents, newest first."""
    ear = stage.tangi.ear
    for number, severity in enumerate([*Severity, *Severity][:7]):
        clock.advance(1)
        event = stage.event("firing", alert(clock, number, severity=severity))
        stage.write(lambda tx, event=event: ear.hear(tx, event))  # type: ignore[misc]
    return [f"TGI-2026-{number:06d}" for number in range(7, 0, -1)]


def test_pages_of_a_list_hold_everything_once(client: TestClient, incidents: list[str]) -> None:
    found: list[str] = []
    cursor = ""
    while True:
        answer = client.get("/api/v1/incidents", params={"limit": 3, "cursor": cursor}).json()
        found += [one["number"] for one in answer["items"]]
        cursor = answer["next"]
        if not cursor:
            break
    assert found == incidents


@pytest.mark.parametrize(
    "params, count",
    [
        ({"priority": "P1"}, 2),
        ({"priority": ["P1", "P2"]}, 4),
        ({"state": "received", "site": "bima", "device": "footfall-1"}, 7),
        ({"state": ["resolved", "closed"]}, 0),
        ({"site": "elsewhere"}, 0),
    ],
)
def test_filters(client: TestClient, incidents: list[str], params: dict[str, str], count: int) -> None:
    assert len(client.get("/api/v1/incidents", params=params).json()["items"]) == count


@pytest.mark.parametrize(
    "params, field",
    [
        ({"priority": "P9"}, "priority"),
        ({"state": "gone"}, "state"),
        ({"limit": "0"}, "limit"),
        ({"cursor": "x"}, "cursor"),
    ],
)
def test_wrong_wishes_are_refused(client: TestClient, params: dict[str, str], field: str) -> None:
    answer = client.get("/api/v1/incidents", params=params)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith(field)


def test_an_incident_is_taken_to_its_end(client: TestClient, incidents: list[str]) -> None:
    base = f"/api/v1/incidents/{NUMBER}"
    headers = {"if-match": "*"}
    assert client.post(f"{base}/close", headers=headers).status_code == 409
    assert client.post(f"{base}/acknowledge", headers=headers).json()["acknowledged_by"] == "Sri Wahyuni"
    assert client.post(f"{base}/resolve", headers=headers).status_code == 422
    assert client.post(f"{base}/resolve", headers=headers, json={"reason": ""}).status_code == 422
    assert client.post(f"{base}/resolve", headers=headers, json={"reason": "aman"}).json()["reason"] == "aman"
    assert client.post(f"{base}/close", headers=headers).json()["state"] == "closed"
    told = client.get(base).json()
    assert [entry["what"] for entry in told["timeline"]] == ["firing", "acknowledge", "resolve", "close"]
    refused = client.post(f"{base}/resolve", headers=headers, json={"reason": "lagi"})
    assert refused.status_code == 409
    assert refused.json()["errors"] == [
        {
            "field": "state",
            "value": "closed",
            "reason": "resolve is not possible; possible: nothing, it has ended",
        }
    ]


def test_who_changes_an_incident_says_what_he_has_seen(client: TestClient, incidents: list[str]) -> None:
    base = f"/api/v1/incidents/{NUMBER}"
    seen = client.get(base).headers["etag"]
    unseen = client.post(f"{base}/acknowledge")
    assert (unseen.status_code, unseen.json()["errors"][0]["field"]) == (428, "If-Match")
    assert client.post(f"{base}/acknowledge", headers={"if-match": "3"}).status_code == 422
    done = client.post(f"{base}/acknowledge", headers={"if-match": seen})
    assert (done.status_code, done.headers["etag"]) == (200, f'"{done.json()["revision"]}"')
    late = client.post(f"{base}/resolve", headers={"if-match": seen}, json={"reason": "aman"})
    assert (late.status_code, late.headers["etag"]) == (412, done.headers["etag"])
    assert "ETag" in late.json()["cure"]
    again = {"if-match": late.headers["etag"]}
    assert client.post(f"{base}/resolve", headers=again, json={"reason": "aman"}).status_code == 200


def test_a_page_that_is_old_says_so_and_keeps_what_was_typed(
    client: TestClient, incidents: list[str]
) -> None:
    client.post(f"/insiden/{NUMBER}/acknowledge", data={})
    old = client.post(f"/insiden/{NUMBER}/resolve", data={"reason": "sudah <b>", "revision": "1"})
    assert old.status_code == 412
    assert "berubah sejak Anda membukanya" in old.text
    assert "sudah &lt;b&gt;</textarea>" in old.text
    assert 'name="revision" value="2"' in old.text
    empty = client.post(f"/insiden/{NUMBER}/resolve", data={"reason": " ", "revision": "2"})
    assert empty.status_code == 422
    assert 'aria-invalid="true"' in empty.text


def test_an_unknown_incident_is_named(client: TestClient) -> None:
    answer = client.get("/api/v1/incidents/TGI-2026-999999")
    assert answer.status_code == 404
    assert answer.json()["errors"] == [
        {"field": "incident", "value": "TGI-2026-999999", "reason": "there is no such incident"}
    ]


def test_probes_are_told(client: TestClient) -> None:
    empty = {"count": 0, "p50_ms": None, "p99_ms": None, "newest": None}
    assert client.get("/api/v1/probes").json() == empty


def test_people_do_the_same_on_pages(client: TestClient, incidents: list[str]) -> None:
    page = client.get(f"/insiden/{NUMBER}", headers={"accept": "text/html"}).text
    assert "Langkah berikut" in page
    form = {"reason": "kerumunan bubar"}
    answer = client.post(f"/insiden/{NUMBER}/resolve", data=form, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/insiden/{NUMBER}")
    page = client.get(f"/insiden/{NUMBER}", headers={"accept": "text/html"}).text
    assert "kerumunan bubar" in page
    assert "· Sri" in page
    assert NUMBER in client.get("/insiden").text
    client.post(f"/insiden/{NUMBER}/close", data={})
    assert NUMBER not in client.get("/insiden").text
    assert NUMBER in client.get("/insiden?all=true").text


def test_a_button_of_htmx_is_answered_with_an_event(client: TestClient, incidents: list[str]) -> None:
    answer = client.post(f"/insiden/{NUMBER}/acknowledge", headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-trigger"]) == (204, "imm:incident")


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "/\\evil.example", "insiden"])
def test_no_way_back_leaves_the_site(client: TestClient, incidents: list[str], back: str) -> None:
    answer = client.post(f"/insiden/{NUMBER}/acknowledge", data={"back": back}, follow_redirects=False)
    assert answer.headers["location"] == f"/insiden/{NUMBER}"
    answer = client.post(f"/insiden/{NUMBER}/acknowledge", data={"back": "/"}, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_text_from_people_is_shown_as_text(client: TestClient, incidents: list[str]) -> None:
    evil = "<script>alert(1)</script>"
    client.post(f"/insiden/{NUMBER}/resolve", data={"reason": evil})
    page = client.get(f"/insiden/{NUMBER}").text
    assert evil not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 2


def test_older_incidents_are_a_page_further(stage: Stage, client: TestClient, clock: Fake) -> None:
    ear = stage.tangi.ear

    def open_many(tx: object) -> None:
        for number in range(51):
            clock.advance(1)
            ear.hear(tx, stage.event("firing", alert(clock, number)))  # type: ignore[arg-type]

    stage.write(open_many)
    page = client.get("/insiden?all=true").text
    link = page.split('class="more"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    assert "TGI-2026-000001" not in page
    older = client.get(f"/insiden{link}").text
    assert "TGI-2026-000001" in older
    assert "TGI-2026-000002" not in older
