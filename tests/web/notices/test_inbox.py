"""One's inbox, as pages and as API."""

from tests.web.notices.conftest import BUDI, Centre

API = "/api/v1/notices"


def test_what_was_told_is_read_and_marked(centre: Centre) -> None:
    first, second = centre.tell("T-1"), centre.tell("T-2")
    client = centre.client()
    page = client.get("/pemberitahuan").text
    assert page.index("Balasan T-2") < page.index("Balasan T-1")
    assert "Ibu Ratna membalas T-1." in page
    assert client.post(f"/pemberitahuan/{first}/baca").headers["location"] == "/pemberitahuan"
    page = client.get("/pemberitahuan").text
    assert "Balasan T-1" not in page
    assert "Balasan T-2" in page
    assert "Balasan T-1" in client.get("/pemberitahuan/semua").text
    form = {"upto": second, "next": "/pemberitahuan/semua"}
    assert client.post("/pemberitahuan/baca", data=form).headers["location"] == "/pemberitahuan/semua"
    assert "Semua sudah Anda baca" in client.get("/pemberitahuan").text


def test_what_came_while_one_looked_stays_unread(centre: Centre) -> None:
    seen = centre.tell("T-1")
    centre.tell("T-2")
    client = centre.client()
    assert client.post(f"{API}/read", json={"upto": seen}).json() == {"read": 1}
    assert client.get(f"{API}/unread").json() == {"unread": 1}
    assert [one["title"] for one in client.get(f"{API}?unread=true").json()["items"]] == ["Balasan T-2"]


def test_opening_one_marks_it_and_leads_on(centre: Centre) -> None:
    notice, silent = centre.duty("TGI-2026-000123"), centre.tell("T-1")
    client = centre.client()
    assert f'action="/pemberitahuan/{notice}/buka"' in client.get("/pemberitahuan").text
    opened = client.post(f"/pemberitahuan/{notice}/buka")
    assert (opened.status_code, opened.headers["location"]) == (303, "/insiden/TGI-2026-000123")
    assert client.get(f"{API}/unread").json() == {"unread": 1}
    assert client.post(f"/pemberitahuan/{silent}/buka").headers["location"] == "/pemberitahuan/semua"


def test_nobody_sees_or_marks_what_another_was_told(centre: Centre) -> None:
    notice = centre.tell("T-1")
    other = centre.client(BUDI)
    assert "Balasan T-1" not in other.get("/pemberitahuan/semua").text
    assert other.get(API).json() == {"items": [], "next": None}
    assert other.post(f"{API}/{notice}/read").status_code == 404
    assert other.post(f"{API}/read", json={"upto": notice}).json() == {"read": 0}
    assert centre.client().get(f"{API}/unread").json() == {"unread": 1}


def test_the_bell_counts(centre: Centre) -> None:
    client = centre.client()
    assert 'hx-get="/pemberitahuan/lonceng"' in client.get("/gaya").text
    assert "belum dibaca" not in client.get("/pemberitahuan/lonceng").text
    centre.tell("T-1")
    bell = client.get("/pemberitahuan/lonceng").text
    assert ">1</span>" in bell
    assert "belum dibaca" in bell
    assert "<html" not in bell


def test_who_is_not_known_has_neither(centre: Centre) -> None:
    stranger = centre.client("")
    assert "/pemberitahuan" not in stranger.get("/gaya").text
    assert stranger.get("/pemberitahuan").headers["location"] == "/masuk?next=%2Fpemberitahuan"
    assert stranger.get(API, headers={"accept": "application/json"}).status_code == 401


def test_pages_of_many(centre: Centre) -> None:
    told = [centre.tell(f"T-{number}") for number in range(5)]
    client = centre.client()
    found, cursor = [], ""
    while True:
        page = client.get(API, params={"limit": 2, "cursor": cursor}).json()
        found += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == told[::-1]
    assert client.get(API, params={"cursor": "no"}).status_code == 422


def test_in_english_too(centre: Centre) -> None:
    centre.tell("T-1")
    page = centre.client().get("/pemberitahuan?lang=en").text
    assert "Reply to T-1" in page
    assert "Mark as read" in page
