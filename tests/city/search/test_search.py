"""What is put is found by who may see it, whatever is typed."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from city.db import Database, check
from city.db.migrate import differences
from city.identity.caller import Caller
from city.identity.caller import Kind as Who
from city.search import PUBLIC, Document, Query, Settings, Sight
from city.search.errors import Protected, Undeclared
from city.search.history import HISTORY
from city.search.sight import sight
from city.search.tables import documents, facets, vocabulary
from tests.city.search.shelf import CASE, LAW, SECRET, Shelf, marked

COUNT = "SELECT count(*) FROM "


def case(id_: str, title: str, unit: str = "", *, public: bool = False, **fields: str) -> Document:
    return Document(
        id=id_,
        path=f"/insiden/{id_}",
        fields={"number": f"TGI-2026-{id_}", "title": title, **fields},
        unit=unit,
        public=public,
    )


def counted(db: Database) -> list[int]:
    names = ("search_documents", "search_index", "search_facets")
    with db.read() as tx:
        return [tx.execute(text(COUNT + name)).scalar_one() for name in names]


def test_migrations_make_what_the_code_declares(db: Database) -> None:
    check(db, [HISTORY])
    assert differences(db, HISTORY) == []


def test_a_stem_finds_all_its_words(shelf: Shelf) -> None:
    shelf.laws("Pelayanan kesehatan", "Melayani warga", "Retribusi parkir")
    assert shelf.ids("layanan") == ["1", "2"]
    assert shelf.ids("SEHAT") == ["1"]


def test_all_words_must_be_there_or_else_some_are_enough(shelf: Shelf) -> None:
    shelf.laws("Izin usaha", "Izin mendirikan bangunan", "Pajak bangunan")
    found = shelf.find("izin bangunan ")
    assert [hit.id for hit in found.hits] == ["2"]
    assert not found.loose
    found = shelf.find("izin pajak ")
    assert {hit.id for hit in found.hits} == {"1", "2", "3"}
    assert found.loose


def test_a_phrase_is_words_in_a_row(shelf: Shelf) -> None:
    shelf.laws("Pelayanan satu pintu", "Pintu nomor satu", "Pintu yang satu")
    shelf.put(shelf.law("4", "Pelayanan satu", "pintu masuk"))
    assert shelf.ids('"satu pintu"') == ["1"]
    assert set(shelf.ids("satu pintu ")) == {"1", "2", "3", "4"}
    assert shelf.ids('"yang satu"') == ["3"]


def test_a_word_that_is_not_finished(shelf: Shelf) -> None:
    shelf.laws("Puskesmas Kesambi", "Pasar Kanoman", "Pelayanan publik")
    assert shelf.ids("pusk") == ["1"]
    assert shelf.ids("pelaya") == ["3"]  # its stem, layan, does not begin so
    assert shelf.ids("pusk ") == []
    assert shelf.ids("pusk* kesambi") == ["1"]


def test_a_slip_of_the_finger(shelf: Shelf) -> None:
    shelf.laws("Kesehatan ibu", "Kebersihan kota")
    for typed in ("kesehtan", "kesehatn", "keesehatan", "kesehatna", "kasehatan"):
        found = shelf.find(f"{typed} ")
        assert [hit.id for hit in found.hits] == ["1"]
        assert found.read_as == {typed: "kesehatan"}
        assert marked(found.hits[0].title) == "[Kesehatan] ibu"


def test_a_word_that_is_used_is_not_corrected(shelf: Shelf) -> None:
    shelf.laws("Pasar Kanoman", "Pagar jalan")
    found = shelf.find("pasar ")
    assert [hit.id for hit in found.hits] == ["1"]
    assert not found.read_as


def test_a_correction_tells_nothing_of_what_is_hidden(shelf: Shelf) -> None:
    shelf.put(case("1", "Kebakaran gudang", "damkar"), kind=CASE)
    found = shelf.find("kebakran ")
    assert found.total == 0
    assert not found.read_as
    found = shelf.find("kebakran ", sight=Sight(kinds={"case": None}))
    assert found.read_as == {"kebakran": "kebakaran"}


def test_who_may_find_what(shelf: Shelf) -> None:
    shelf.put(
        case("1", "Banjir", "dishub"),
        case("2", "Banjir", "damkar"),
        case("3", "Banjir", ""),
        case("4", "Banjir", "damkar", public=True),
        kind=CASE,
    )
    assert shelf.ids("banjir") == ["4"]
    assert shelf.ids("banjir", sight=Sight(kinds={"law": None})) == ["4"]
    assert set(shelf.ids("banjir", sight=Sight(kinds={"case": ("dishub",)}))) == {"1", "4"}
    assert set(shelf.ids("banjir", sight=Sight(kinds={"case": ()}))) == {"4"}
    everything = shelf.find("banjir", sight=Sight(kinds={"case": None}))
    assert everything.total == 4
    assert shelf.find("banjir").facets == {"kind": {"case": 1}}


def test_what_a_caller_may_do_says_what_he_sees() -> None:
    kinds = [LAW, CASE, SECRET]
    nobody = Caller(kind=Who.ANONYMOUS, id="anonymous", name="")
    assert sight(nobody, kinds) == PUBLIC
    officer = Caller(kind=Who.PERSON, id="p", name="", reach={CASE.needs: frozenset({"b", "a"})})
    assert sight(officer, kinds) == Sight(kinds={"case": ("a", "b")})
    chief = Caller(kind=Who.PERSON, id="p", name="", reach={CASE.needs: None})
    assert sight(chief, kinds) == Sight(kinds={"case": None})
    assert sight(Caller(kind=Who.SYSTEM, id="system", name=""), kinds).kinds == {"law": None, "case": None}


def test_facets_count_and_narrow(shelf: Shelf) -> None:
    shelf.put(
        shelf.law("1", "Perda parkir", year="2024", status="berlaku"),
        shelf.law("2", "Perda pasar", year="2024", status="dicabut"),
        shelf.law("3", "Perda sampah", year="2025", status="berlaku"),
    )
    found = shelf.find("perda")
    assert found.facets == {
        "kind": {"law": 3},
        "status": {"berlaku": 2, "dicabut": 1},
        "year": {"2024": 2, "2025": 1},
    }
    assert set(shelf.ids("perda", facets={"year": ("2024",)})) == {"1", "2"}
    assert shelf.ids("perda", facets={"year": ("2024",), "status": ("dicabut", "x")}) == ["2"]
    assert shelf.ids("perda", facets={"year": ()}) == []
    assert shelf.ids("perda", facets={"kind": ("case",)}) == []
    assert shelf.ids("perda", kinds=("case",)) == []
    assert shelf.ids("perda", facets={"nothing": ("x",)}) == []


def test_without_words_the_newest_come_first(shelf: Shelf) -> None:
    shelf.put(*(shelf.law(str(number), f"Perda {number}", changed=number) for number in (2, 3, 1)))
    assert shelf.ids("") == ["3", "2", "1"]
    assert shelf.ids("?!") == []


def test_pages_follow_each_other_without_gap_or_repeat(shelf: Shelf) -> None:
    shelf.put(*(shelf.law(f"{number:02}", "Perda parkir", "parkir " * (number % 3)) for number in range(23)))
    seen: list[str] = []
    after = None
    while True:
        page = shelf.finder.find(Query(text="parkir"), sight=PUBLIC, after=after, limit=5)
        assert page.total == 23
        seen += [hit.id for hit in page.hits]
        if page.next is None:
            break
        after = page.next
    whole = shelf.finder.find(Query(text="parkir"), sight=PUBLIC, limit=100)
    assert seen == [hit.id for hit in whole.hits]
    assert len(set(seen)) == 23


def test_only_the_window_is_ranked_and_all_is_counted(db: Database) -> None:
    shelf = Shelf(db, Settings(window=4))
    shelf.put(*(shelf.law(str(number), "Lain", "parkir", changed=number) for number in range(8)))
    shelf.put(shelf.law("old", "Parkir", changed=-1))
    found = shelf.find("parkir")
    assert found.total == 9
    assert [hit.id for hit in found.hits] == ["old", "7", "6", "5"]


def test_the_title_counts_more_than_the_body(shelf: Shelf) -> None:
    shelf.put(
        shelf.law("body", "Perda umum", "parkir kendaraan " + "lain " * 50),
        shelf.law("title", "Parkir kendaraan", "lain " * 50),
        shelf.law("apart", "Kendaraan dan parkir", "lain " * 50),
    )
    assert shelf.ids("parkir kendaraan ") == ["title", "apart", "body"]


def test_a_hit_shows_why_and_no_markup(shelf: Shelf) -> None:
    before = "kata lain " * 60
    shelf.put(
        shelf.law("1", "<b>Perda</b> parkir", f"{before}retribusi parkir & <script>x</script> {before}")
    )
    (hit,) = shelf.find("retribusi parkir ").hits
    assert marked(hit.title) == "<b>Perda</b> [parkir]"
    said = marked(hit.excerpt)
    assert "[retribusi] [parkir] & <script>x</script>" in said
    assert said.startswith("…")
    assert said.endswith("…")
    assert len(said) < 280


def test_putting_again_replaces_and_removing_removes(shelf: Shelf) -> None:
    shelf.put(shelf.law("1", "Perda parkir", "lama", year="2024"))
    shelf.put(shelf.law("1", "Perda sampah", "baru", year="2025"))
    assert shelf.ids("parkir") == shelf.ids("lama") == []
    assert shelf.find("sampah").facets["year"] == {"2025": 1}
    with shelf.db.begin() as tx:
        shelf.index.remove(tx, LAW, "1")
        shelf.index.remove(tx, LAW, "never")
    assert shelf.ids("sampah") == []
    assert counted(shelf.db) == [0, 0, 0]


def test_a_change_that_is_undone_is_never_found(shelf: Shelf) -> None:
    with pytest.raises(RuntimeError), shelf.db.begin() as tx:
        shelf.index.put(tx, LAW, shelf.law("1", "Perda parkir"))
        raise RuntimeError
    assert shelf.ids("parkir") == []


def test_what_is_not_declared_does_not_enter(shelf: Shelf) -> None:
    with shelf.db.begin() as tx:
        with pytest.raises(Undeclared, match="nik"):
            shelf.index.put(tx, CASE, case("1", "Banjir", nik="3274012345678901"))
        with pytest.raises(Protected):
            shelf.index.put(tx, SECRET, Document(id="1", path="/", fields={"title": "x"}))
        with pytest.raises(Undeclared, match="id"):
            shelf.index.put(tx, CASE, case("", "Banjir"))
    assert counted(shelf.db) == [0, 0, 0]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Two words"},
        {"name": ""},
        {"heading": ()},
        {"text": ("title",)},
        {"facets": ("kind",)},
    ],
)
def test_a_kind_that_is_none(changes: dict[str, object]) -> None:
    with pytest.raises(Undeclared):
        msgspec.structs.replace(LAW, **changes)


def test_numbers_of_persons_are_nowhere(shelf: Shelf) -> None:
    shelf.put(
        case("1", "Lapor NIK 3274012345678901", body="telepon 081234567890", state="a@contoh.id"), kind=CASE
    )
    with shelf.db.read() as tx:
        rows = [
            *tx.execute(select(documents)),
            *tx.execute(select(facets)),
            *tx.execute(select(vocabulary)),
            *tx.execute(text("SELECT title, body FROM search_index")),
        ]
    kept = repr(rows)
    assert "3274012345678901" not in kept
    assert "81234567890" not in kept
    assert "contoh" not in kept


HOSTILE = [
    "\"'\\*:()^&|!-+<>~,.;{}[]%_@#$=?/`",
    *"\"'\\*:(^&|!\x00\n\ud800",
    *("a AND", "OR", "NOT x", "NEAR(a b)", "title:x", "x*y*", "'':*A", "a <-> b", "a:B", "x & | !"),
    *("'; DROP TABLE search_documents; --", "%s %(x)s :x", "\ufdfa" * 300, "a" * 5_000, '"' * 99),
    *("漢字", "\u202e x"),
]


def test_no_question_is_an_error(shelf: Shelf) -> None:
    shelf.laws("Perda parkir")
    for typed in HOSTILE:
        for words in (typed, f'"parkir {typed}"', f"{typed}*"):
            shelf.find(words)
        shelf.find("parkir", facets={typed: (typed,)}, kinds=(typed,))
    assert shelf.ids("parkir") == ["1"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.text(max_size=200), typed=st.text(max_size=60))
def test_any_text_is_taken_and_found_by_its_words(shelf: Shelf, body: str, typed: str) -> None:
    shelf.put(shelf.law("any", "Perda", body))
    shelf.find(typed)
    from city.search.words import normal, words

    for word in list(words(normal(body)))[:3]:
        assert shelf.find(f"{word.word} ").total == 1
