"""Webhooks on pages: an owner makes one, sees how it fares, has it told again; others see nothing."""

import re

import pytest
from fastapi.testclient import TestClient

from city.outbox import letters
from city.outbox.letters import Letter
from city.webhooks.model import consumer
from tests.fixtures.whole import Whole
from tests.web.admin.conftest import Enter
from tests.web.admin.test_pages import hidden

ROOT = "/kelola/webhook"


@pytest.fixture
def owner(enter: Enter) -> TestClient:
    return enter("Budi", "platform/subscriber", "tangi/observer")


def made(owner: TestClient) -> str:
    """Address of the page of a new one."""
    once = hidden(owner.get(f"{ROOT}/baru").text, "once")
    form = {"once": once, "url": "https://peta.example.org/imm", "title": "Peta", "types": "incident.*"}
    page = owner.post(f"{ROOT}/baru", data=form)
    assert re.search(r"<code>whsec_[\w+/=]+</code>", page.text)
    again = owner.post(f"{ROOT}/baru", data=form)
    assert page.text.count("whsec_") == again.text.count("whsec_") == 1
    (found,) = set(re.findall(rf'href="({ROOT}/[\w-]{{36}})"', page.text))
    return str(found)


def test_what_is_wrong_is_said_at_its_field_and_the_rest_stays(owner: TestClient) -> None:
    assert "Belum ada webhook" in owner.get(ROOT).text
    form = {"once": "a", "url": "http://peta.example.org", "title": "Peta", "types": "incident.*"}
    wrong = owner.post(f"{ROOT}/baru", data=form)
    assert wrong.status_code == 422
    assert 'id="form-url-fault"' in wrong.text
    assert 'value="Peta"' in wrong.text
    deaf = owner.post(f"{ROOT}/baru", data=form | {"url": "https://peta.example.org", "types": "alert.*"})
    assert 'id="form-types-fault"' in deaf.text
    assert "Belum ada webhook" in owner.get(ROOT).text


def test_its_owner_does_all_with_it(whole: Whole, owner: TestClient) -> None:
    base = made(owner)
    page = owner.get(base).text
    assert "whsec_" not in page
    assert "Aktif" in page
    change = {"url": "https://peta.example.org/dua", "title": "Peta dua", "types": "incident.*"}
    revision = hidden(page, "revision")
    assert owner.post(base, data=change | {"revision": revision}).status_code == 303
    late = owner.post(base, data=change | {"title": "Lain", "revision": revision})
    assert "berubah sejak Anda membukanya" in late.text
    assert owner.post(f"{base}/jeda", data={"reason": "pindah"}).status_code == 303
    assert "pindah" in owner.get(base).text
    assert "Dijeda" in owner.get(ROOT).text
    assert owner.post(f"{base}/lanjut").status_code == 303
    assert owner.post(f"{base}/uji").headers["location"] == f"{base}?done=test"
    assert "Peristiwa uji sedang dikirim" in owner.get(f"{base}?done=test").text
    assert owner.post(f"{base}/mundur", data={"after": "lalu"}).status_code == 422
    assert owner.post(f"{base}/mundur", data={"after": "0"}).status_code == 303
    assert "yang lama juga dipakai" in owner.post(f"{base}/rahasia", data={"once": "b"}).text
    assert "Penerima tidak menolak" in owner.get(base).text
    with whole.parts.db.begin() as tx:
        id_ = base.removeprefix(f"{ROOT}/")
        letter = Letter(
            consumer=consumer(id_),
            position=7,
            type="incident.opened",
            subject="TGI-2026-000001",
            event="{}",
            attempts=8,
            error="422: no",
            parked=whole.parts.clock.now(),
        )
        letters.park(tx, letter)
    assert "422: no" in owner.get(base).text
    assert owner.post(f"{base}/ulangi", data={"since": "0"}).status_code == 303
    with whole.parts.db.read() as tx:
        assert letters.waiting(tx) == [consumer(id_)]
    assert "Hapus webhook ini?" in owner.get(f"{base}/hapus").text
    assert owner.post(f"{base}/hapus").headers["location"] == ROOT
    assert owner.get(base).status_code == 404


def test_a_receiver_that_was_given_up_says_why(whole: Whole, owner: TestClient) -> None:
    from sqlalchemy import update

    from city.webhooks.tables import webhooks

    base = made(owner)
    with whole.parts.db.begin() as tx:
        tx.execute(update(webhooks).values(state="disabled", reason="the receiver answered 410"))
    page = owner.get(base).text
    assert "the receiver answered 410" in page
    assert f'action="{base}/lanjut"' in page


def test_others_see_nothing_of_it_but_who_manages_all(enter: Enter, owner: TestClient) -> None:
    base = made(owner)
    other = enter("Candra", "platform/subscriber", "tangi/observer")
    assert "Belum ada webhook" in other.get(ROOT).text
    assert other.get(base).status_code == 404
    assert other.post(f"{base}/hapus").status_code == 404
    assert enter("Dewi", "tangi/observer").get(ROOT).status_code == 403
    operator = enter("Eka", "platform/operator")
    assert "Budi" in operator.get(ROOT).text
    assert operator.get(base).status_code == 200
