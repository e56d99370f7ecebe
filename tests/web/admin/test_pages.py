"""Administration on pages: forms keep what was typed, steps ask for the factor, secrets shown once."""

import re

import pytest

from tests.web.admin.conftest import ORIGIN, Browser, Hall


@pytest.fixture
def admin(hall: Hall, root_: str) -> Browser:
    return hall.browser(root_)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return found[1]


def test_each_sees_the_parts_that_are_his(hall: Hall, admin: Browser) -> None:
    assert admin.get("/kelola").headers["location"] == "/kelola/orang"
    page = admin.get("/kelola/orang").text
    assert 'href="/kelola/aplikasi"' in page
    assert 'href="/kelola/jejak"' not in page
    auditor = hall.browser(hall.person("Adi", "platform/auditor"))
    page = auditor.get("/kelola/orang").text
    assert 'href="/kelola/jejak"' in page
    assert "Undang seseorang" not in page
    officer = hall.browser(hall.person("Budi", "tangi/officer"))
    assert 'href="/kelola"' not in officer.get("/akun").text


def test_somebody_is_invited(hall: Hall, admin: Browser) -> None:
    form = admin.get("/kelola/orang/baru").text
    once = hidden(form, "once")
    typed = {
        "once": once,
        "name": "Budi",
        "login": "Tidak Boleh!",
        "unit": "dishub",
        "kind": "staff",
        "language": "id",
    }
    wrong = admin.post("/kelola/orang/baru", data=typed)
    assert wrong.status_code == 422
    assert 'value="Tidak Boleh!"' in wrong.text
    assert 'id="form-login-fault"' in wrong.text
    typed |= {"once": hidden(wrong.text, "once"), "login": "budi"}
    made = admin.post("/kelola/orang/baru", data=typed)
    link = re.search(r"<code>(http://localhost:8600/link/[\w-]+)</code>", made.text)
    assert link
    again = admin.post("/kelola/orang/baru", data=typed)
    assert link[1] in again.text  # pressed twice, it is one account
    taken = admin.post("/kelola/orang/baru", data=typed | {"once": "another"})
    assert "Sudah dipakai" in taken.text
    assert "Budi" in admin.get("/kelola/orang?q=budi&keadaan=invited").text
    assert "Tidak ada yang ditemukan" in admin.get("/kelola/orang?q=xyz").text


def test_a_person_from_the_first_role_to_the_last_day(hall: Hall, admin: Browser) -> None:
    person = hall.person("Budi", home="dishub")
    base = f"/kelola/orang/{person}"
    none = admin.post(f"{base}/peran", data={"role": "", "unit": "", "until": "kapan"})
    assert none.status_code == 422
    assert none.text.count("aria-invalid") == 2
    given = admin.post(
        f"{base}/peran", data={"role": "tangi/officer", "unit": "dishub", "until": "2099-12-31"}
    )
    assert given.headers["location"] == base
    page = admin.get(base).text
    assert "1 Jan 2100 00:00:00 WIB" in page  # the last day counts
    take = re.search(rf'action="({base}/peran/[\w-]+/cabut)"', page)
    assert take
    assert admin.post(take[1]).status_code == 303
    assert "Belum ada peran" in admin.get(base).text
    revision = hidden(page, "revision")
    change = {"name": "Budi Santoso", "unit": "damkar", "revision": revision}
    assert admin.post(base, data=change).status_code == 303
    late = admin.post(base, data=change | {"name": "Lain"})
    assert "berubah sejak Anda membukanya" in late.text
    assert 'value="Lain"' in late.text
    nothing = admin.post(f"{base}/tangguhkan", data={"why": " ", "revision": hidden(late.text, "revision")})
    assert nothing.status_code == 422
    session = hall.session(person)
    now = hidden(admin.get(base).text, "revision")
    assert admin.post(f"{base}/tangguhkan", data={"why": "pindah", "revision": now}).status_code == 303
    assert hall.identity.doors.caller(session.token) is None
    now = hidden(admin.get(base).text, "revision")
    assert admin.post(f"{base}/pulihkan", data={"why": "kembali", "revision": now}).status_code == 303
    now = hidden(admin.get(base).text, "revision")
    assert "/link/" in admin.post(f"{base}/perbarui", data={"why": "ponsel hilang", "revision": now}).text


def test_an_open_screen_is_not_enough(hall: Hall, admin: Browser) -> None:
    person = hall.person("Budi")
    hall.clock.advance(1_000)
    asked = admin.get("/kelola/orang/baru")
    assert asked.headers["location"] == "/masuk/faktor?next=%2Fkelola%2Forang%2Fbaru"
    referer = {"referer": f"{ORIGIN}/kelola/orang/{person}"}
    asked = admin.post(f"/kelola/orang/{person}/peran", data={"role": "tangi/officer"}, headers=referer)
    assert asked.headers["location"].startswith("/masuk/faktor?next=%2Fkelola%2Forang%2F")
    assert hall.identity.grants.of(person) == []


def test_units_as_a_tree(hall: Hall, admin: Browser, chief: str) -> None:
    page = admin.get("/kelola/unit").text
    assert page.index("Dishub") < page.index("Terminal")
    assert "deep-1" in page
    once = hidden(admin.get("/kelola/unit/baru").text, "once")
    typed = {
        "once": once,
        "unit": "UPT",
        "name": "UPT Parkir",
        "kind": "team",
        "parent": "dishub",
        "code": "",
    }
    assert admin.post("/kelola/unit/baru", data=typed).status_code == 422
    assert (
        admin.post("/kelola/unit/baru", data=typed | {"unit": "upt-parkir"}).headers["location"]
        == "/kelola/unit"
    )
    form = admin.get("/kelola/unit/upt-parkir").text
    change = {
        "name": "UPT Parkir Kota",
        "code": "P1",
        "parent": "dishub",
        "revision": hidden(form, "revision"),
    }
    assert admin.post("/kelola/unit/upt-parkir", data=change | {"retired": "1"}).status_code == 303
    assert "Tidak menerima orang baru" in admin.get("/kelola/unit").text
    assert "berubah sejak" in admin.post("/kelola/unit/upt-parkir", data=change).text
    of_dishub = hall.browser(chief)
    theirs = of_dishub.get("/kelola/unit").text
    assert 'href="/kelola/unit/terminal"' in theirs
    assert 'href="/kelola/unit/damkar"' not in theirs
    assert of_dishub.get("/kelola/unit/damkar").status_code == 403
    assert of_dishub.get("/kelola/unit/dishub").status_code == 200


def test_an_app_and_its_key(hall: Hall, admin: Browser) -> None:
    assert "Belum ada aplikasi" in admin.get("/kelola/aplikasi").text
    once = hidden(admin.get("/kelola/aplikasi/baru").text, "once")
    base = admin.post("/kelola/aplikasi/baru", data={"once": once, "name": "Peta", "unit": ""}).headers[
        "location"
    ]
    assert "Beri aplikasi ini peran dulu" in admin.get(base).text
    assert admin.post(f"{base}/peran", data={"role": "tangi/officer", "unit": ""}).status_code == 303
    page = admin.get(base).text
    form = {"once": hidden(page, "once"), "label": "server", "days": "30", "scopes": "tangi.incidents.work"}
    wrong = admin.post(f"{base}/kunci", data={**form, "days": "9999"})
    assert wrong.status_code == 422
    made = admin.post(f"{base}/kunci", data=form)
    secret = re.search(r"<code>(imk_\w+[\w-]*)</code>", made.text)
    assert secret

    def me() -> int:
        said = {"authorization": f"Bearer {secret[1]}"}
        return Browser(hall.app).get("/api/v1/me", headers=said).status_code

    assert me() == 200
    page = admin.get(base).text
    assert secret[1] not in page
    (rotate,) = re.findall(rf'action="({base}/kunci/[\w-]+/ganti)"', page)
    assert "imk_" in admin.post(rotate).text
    page = admin.get(base).text
    for revoke in re.findall(rf'action="({base}/kunci/[\w-]+/cabut)"', page):
        assert admin.post(revoke).status_code == 303
    assert me() == 401
    assert admin.get(base).text.count("Dicabut") == 2
    change = {"name": "Peta", "suspended": "1", "revision": hidden(page, "revision")}
    assert admin.post(base, data=change).status_code == 303
    assert "Ditangguhkan" in admin.get("/kelola/aplikasi").text
