"""Dead letters on the pages of operators."""

from tests.web.operations.conftest import LOOKS, Room

PAGE = "/operasi/surat"


def test_each_tells_why_and_is_taken_again_by_a_press(room: Room) -> None:
    first, second = room.letter("tangi.alerts", 1, "422: unknown field"), room.letter("webhook.1", 2)
    client = room.client()
    page = client.get(PAGE).text
    assert "422: unknown field" in page
    assert page.count("incident.opened") >= 2
    assert client.post(f"{PAGE}/{first}/ulangi").headers["location"] == PAGE
    assert room.asked() == [first]
    page = client.get(PAGE).text
    assert "Menunggu diulang" in page
    assert f"{PAGE}/{first}/ulangi" not in page
    assert f"{PAGE}/{second}/ulangi" in page
    assert room.noted() == [("p-sri", "replayed", "outbox.letter", str(first))]


def test_all_of_one_receiver_after_a_question(room: Room) -> None:
    mine = [room.letter("tangi.alerts", position) for position in (1, 2)]
    room.letter("webhook.1", 3)
    client = room.client()
    page = client.get(f"{PAGE}?penerima=tangi.alerts").text
    assert "webhook.1" in page  # among the receivers
    assert "TGI-3" not in page
    assert 'data-opens="again"' in page
    assert "Ulangi semua surat untuk tangi.alerts?" in client.get(f"{PAGE}/ulangi?penerima=tangi.alerts").text
    assert client.post(f"{PAGE}/ulangi", data={"consumer": "tangi.alerts"}).status_code == 303
    assert room.asked() == mine
    assert room.noted() == [("p-sri", "replayed", "outbox.letter", "tangi.alerts")]
    assert client.post(f"{PAGE}/ulangi", data={"consumer": "nobody"}).status_code == 303
    assert len(room.noted()) == 1
    assert client.get(f"{PAGE}/ulangi?penerima=nobody").headers["location"] == PAGE


def test_one_is_shown_and_dropped_for_good(room: Room) -> None:
    letter = room.letter("tangi.alerts", 1)
    client = room.client()
    page = client.get(f"{PAGE}/{letter}").text
    assert "&#34;specversion&#34;: &#34;1.0&#34;" in page
    assert "Yang perlu dilakukan" in page
    assert client.post(f"{PAGE}/{letter}/buang").status_code == 303
    assert "Tidak ada yang tertinggal" in client.get(PAGE).text
    assert room.noted() == [("p-sri", "dropped", "outbox.letter", str(letter))]
    assert client.get(f"{PAGE}/{letter}").status_code == 404
    assert client.post(f"{PAGE}/{letter}/ulangi").status_code == 404


def test_who_may_only_look_is_shown_no_buttons_and_may_not_press(room: Room) -> None:
    letter = room.letter("tangi.alerts", 1)
    client = room.client(LOOKS)
    assert "<form" not in client.get(f"{PAGE}?penerima=tangi.alerts").text
    assert "<form" not in client.get(f"{PAGE}/{letter}").text
    assert client.post(f"{PAGE}/{letter}/ulangi").status_code == 403
    assert client.post(f"{PAGE}/{letter}/buang").status_code == 403
    assert room.asked() == []
    assert room.client({}).get(PAGE).status_code == 403


def test_many_come_page_by_page(room: Room) -> None:
    for position in range(51):
        room.letter("tangi.alerts", position)
    client = room.client(LOOKS)
    page = client.get(PAGE).text
    assert "TGI-49" in page
    assert "TGI-50" not in page
    following = page.split('rel="next" href="', 1)[1].split('"', 1)[0]
    assert "TGI-50" in client.get(following.replace("&amp;", "&")).text
