"""Words and their stems."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.search.asking import read
from city.search.screen import screen
from city.search.words import HEAVIEST, LONGEST, fold, normal, split, stem, stems, words


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Pelayanan KESEHATAN", "layan sehat"),
        ("melayani, dilayani; layanan!", "layan layan layan"),
        ("Jum'at Jum\u2019at jumat", "jumat jumat jumat"),
        ("anak-anak", "anak anak"),
        ("Café Crème", "cafe creme"),
        ("TGI-2026-000123", "tgi 2026 000123"),
        ("400.12.2.2/012-Kel.Kesambi", "400 12 2 2 012 kel sambi"),
        ("snake_case", "snake case"),
        ("", ""),
        ("\x00 ' ` — …", ""),
        ("漢字 ꦲꦤꦕꦫꦏ", "漢字 ꦲꦤꦕꦫꦏ"),
    ],
)
def test_stems_of_a_text(text: str, expected: str) -> None:
    assert stems(split(normal(text), 100)) == expected


@given(st.text())
def test_words_stand_where_they_say(text: str) -> None:
    text = normal(text)
    for word in words(text):
        assert fold(text[word.start : word.end]) == word.word
        assert 0 < len(word.word) <= LONGEST
        assert word.word.isalnum()


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll", "Lm", "Mn", "Nd"]), max_size=30))
def test_folding_twice_is_folding_once(text: str) -> None:
    once = fold(text)
    assert fold(once) == once
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@given(st.text())
def test_a_stem_is_one_word_again(text: str) -> None:
    for word in words(normal(text)):
        assert stem(word.word).isalnum()


def test_the_stems_of_a_huge_text_have_a_bound() -> None:
    swollen = " ".join("\ufdfa" * 4 + f"{number}" for number in range(20_000))  # each letter folds to 18
    assert len(" ".join(split(swollen, 15_000)).encode()) <= HEAVIEST
    assert len(split("kata " * 100_000, 15_000)) == 15_000


@pytest.mark.parametrize(
    "text, public, left",
    [
        ("NIK 3274012345678901 masuk", True, "NIK • masuk"),
        ("3274 0123 4567 8901", True, "•"),
        ("NIP 198001012005011001", True, "NIP •"),
        ("hubungi 0812-3456-7890", True, "hubungi 0812-3456-7890"),
        ("hubungi 0812-3456-7890 ya", False, "hubungi • ya"),
        ("+62 812 3456 7890", False, "•"),
        ("surat ke siti.a@contoh.go.id!", False, "surat ke •!"),
        ("Perda 5/2023, 12.345.678 jiwa", False, "Perda 5/2023, 12.345.678 jiwa"),
        ("TGI-2026-000123", False, "TGI-2026-000123"),
    ],
)
def test_what_looks_like_a_person_is_blotted_out(text: str, public: bool, left: str) -> None:
    assert screen(text, public=public) == left


@pytest.mark.parametrize(
    "text, said",
    [
        ("izin usaha", [("izin",), ("usaha",)]),
        ('"satu pintu" izin', [("satu", "pintu"), ("izin",)]),
        ('izin "satu pin', [("izin",), ("satu", "pin")]),
        ("puskesmas di kesambi", [("puskesmas",), ("kesambi",)]),
        ("yang di", [("yang",), ("di",)]),
        ("izin izin ", [("izin",)]),
        ('""""', []),
    ],
)
def test_reading_a_question(text: str, said: list[tuple[str, ...]]) -> None:
    assert [one.words for one in read(text)] == said


@pytest.mark.parametrize(
    "text, open_",
    [
        ("pusk", {"pusk"}),
        ("izin pusk", {"pusk"}),
        ("izin pusk ", set()),
        ("izi* pusk ", {"izi"}),
        ("p", set()),
        ('"satu" pin', {"pin"}),
        ('"satu', {"satu"}),
    ],
)
def test_which_words_may_be_unfinished(text: str, open_: set[str]) -> None:
    assert {one.words[0] for one in read(text) if one.unfinished} == open_
