"""Both engines give the same answers in the same order with the same scores."""

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from city.search import PUBLIC, Query, Sight
from tests.city.search.shelf import LAW, Shelf

SAID = """
pelayanan kesehatan perizinan parkir kendaraan retribusi pasar kebersihan sampah banjir kebakaran sekolah
pendidikan puskesmas antrian dokter gigi kelurahan kecamatan warga lansia bantuan sosial jalan lampu taman
air listrik pajak bangunan usaha mikro wisata budaya batik keraton pelabuhan nelayan rumah sakit yang dan di
"""
WORDS = SAID.split()
QUESTIONS = """
parkir
melayani warga
izin usaha
"rumah sakit"
puskes
kesehtan gigi
sampah banjir pasar
yang di
bantuan sosial lansia warga
peraturn
"air listrik" jalan
pendidik* sekolah
zzzz parkir
"""


def fill(shelf: Shelf, seed: int, count: int = 60) -> None:
    chance = random.Random(seed)
    with shelf.db.begin() as tx:
        for number in range(count):
            document = shelf.law(
                f"{number:03}",
                " ".join(chance.choices(WORDS, k=chance.randint(1, 6))),
                " ".join(chance.choices(WORDS, k=chance.randint(0, 80))),
                changed=chance.randint(0, 5),
                year=str(chance.randint(2020, 2026)),
            )
            shelf.index.put(tx, LAW, document)


def test_the_same_answers(both: tuple[Shelf, Shelf]) -> None:
    for shelf in both:
        fill(shelf, seed=7)
    found = 0
    for typed in QUESTIONS.split("\n"):
        for facets in ({}, {"year": ("2024", "2025")}):
            query = Query(text=typed, facets=facets)
            one, other = (shelf.finder.find(query, sight=PUBLIC, limit=100) for shelf in both)
            assert one == other, typed
            found += one.total
    assert found > 200


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(
        st.lists(st.sampled_from([*WORDS, "漢字", "café", "x1", "1234"]), max_size=12).map(" ".join)
        | st.text(max_size=40),
        max_size=6,
    ),
    typed=st.lists(st.sampled_from([*WORDS[:12], '"', "*", "pasr", "kes", "1234"]), max_size=5).map(" ".join),
)
def test_the_same_whatever_is_put(both: tuple[Shelf, Shelf], said: list[str], typed: str) -> None:
    answers = []
    for shelf in both:
        shelf.put(*(shelf.law(f"{number}", text or "-", text[::-1]) for number, text in enumerate(said)))
        answers.append(shelf.finder.find(Query(text=typed), sight=Sight(kinds={"law": None}), limit=100))
    assert answers[0] == answers[1]
