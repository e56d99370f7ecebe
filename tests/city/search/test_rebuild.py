"""The index is built anew while it is in use; who learns words holds nobody up."""

import threading
from collections.abc import Iterable

import pytest
from sqlalchemy import Connection, select, text

from city.search import Document, Index, Settings, Source, engine
from city.search.rebuild import clean, rebuild, tidy
from city.search.tables import documents, grams, vocabulary
from tests.city.search.shelf import CASE, LAW, Shelf

WAIT = 20.0  # seconds


class Records:
    """A package's records, as they are now."""

    def __init__(self, shelf: Shelf, titles: dict[str, str]) -> None:
        self.shelf = shelf
        self.titles = titles

    def page(self, tx: Connection, after: str, limit: int) -> Iterable[Document]:
        ids = sorted(one for one in self.titles if one > after)[:limit]
        return [self.shelf.law(one, self.titles[one]) for one in ids]

    @property
    def source(self) -> Source:
        return Source(kind=LAW, page=self.page)


def test_everything_is_put_again_and_what_is_gone_is_dropped(shelf: Shelf) -> None:
    shelf.laws("Perda lama", "Perda parkir")
    records = Records(
        shelf, {f"{number:03}": f"Perda {number}" for number in range(120)} | {"2": "Perda sampah"}
    )
    assert rebuild(shelf.db, shelf.index, [records.source]) == {"law": 121}
    assert shelf.find("perda").total == 121
    assert shelf.ids("lama") == shelf.ids("parkir") == []
    assert shelf.ids("sampah") == ["2"]


def test_a_second_rebuild_changes_nothing(shelf: Shelf) -> None:
    records = Records(shelf, {"1": "Perda parkir", "2": "Perda sampah"})
    rebuild(shelf.db, shelf.index, [records.source])
    before = shelf.find("perda")
    rebuild(shelf.db, shelf.index, [records.source])
    assert shelf.find("perda") == before


def test_kinds_that_are_gone_and_words_that_are_gone(shelf: Shelf) -> None:
    shelf.laws("Perda kuno")
    banjir = Document(id="1", path="/", fields={"number": "1", "title": "Banjir"}, public=True)
    shelf.put(banjir, kind=CASE)
    assert clean(shelf.db, shelf.index, [LAW]) == 1
    rebuild(shelf.db, shelf.index, [Records(shelf, {"1": "Perda baru"}).source])
    tidy(shelf.db, shelf.index)
    with shelf.db.read() as tx:
        assert set(tx.execute(select(vocabulary.c.word)).scalars()) == {"perda", "baru"}
        assert tx.execute(select(grams.c.word).distinct()).scalars().all() != []
        assert tx.execute(select(documents.c.kind)).scalars().all() == ["law"]
    assert shelf.ids("banjir") == []


def test_the_vocabulary_has_a_bound(shelf: Shelf) -> None:
    small = Index(engine(lite=shelf.db.lite), Settings(words=3))
    with shelf.db.begin() as tx:
        small.put(tx, LAW, shelf.law("1", "satu dua tiga"))
        small.put(tx, LAW, shelf.law("2", "empat lima"))
    with shelf.db.read() as tx:
        assert set(tx.execute(select(vocabulary.c.word)).scalars()) == {"satu", "dua", "tiga"}
    assert shelf.ids("empat ") == ["2"]


def test_two_who_learn_the_same_words_do_not_wait_for_each_other(shelf: Shelf) -> None:
    if shelf.db.lite:  # one writer: nothing to race
        return
    with shelf.db.begin() as first:
        shelf.index.put(first, LAW, shelf.law("1", "Perda kebersihan"))
        done = threading.Event()

        def second() -> None:
            with shelf.db.begin() as tx:
                shelf.index.put(tx, LAW, shelf.law("2", "Perda kebersihan pasar"))
            done.set()

        thread = threading.Thread(target=second)
        thread.start()
        assert done.wait(WAIT)
        thread.join()
    with shelf.db.read() as tx:
        assert tx.execute(select(documents.c.learned).order_by(documents.c.key)).scalars().all() == [
            True,
            False,
        ]
    assert shelf.ids("pasar ") == ["2"]
    shelf.put(shelf.law("3", "Lain"))  # takes it along
    with shelf.db.read() as tx:
        assert False not in tx.execute(select(documents.c.learned)).scalars().all()
    assert shelf.find("passar ").read_as == {"passar": "pasar"}


@pytest.mark.parametrize("removing", [False, True])
def test_a_rebuild_never_brings_back_an_older_state(shelf: Shelf, removing: bool) -> None:
    """A record changes between the moment the rebuild reads it and the moment it is put."""
    shelf.laws("Perda lama")
    records = Records(shelf, {"1": "Perda lama"})
    reading, changed = threading.Event(), threading.Event()
    plain = records.page

    def page(tx: Connection, after: str, limit: int) -> Iterable[Document]:
        found = plain(tx, after, limit)
        if not after:
            reading.set()
            if shelf.db.lite:
                return found
            assert not changed.wait(0.3)  # who wants to put waits for the rebuild's batch
        return found

    def change() -> None:
        assert reading.wait(WAIT)
        with shelf.db.begin() as tx:
            if removing:
                records.titles.pop("1")
                shelf.index.remove(tx, LAW, "1")
            else:
                records.titles["1"] = "Perda baru"
                shelf.index.put(tx, LAW, shelf.law("1", "Perda baru"))
        changed.set()

    thread = threading.Thread(target=change)
    thread.start()
    rebuild(shelf.db, shelf.index, [Source(kind=LAW, page=page)])
    thread.join(WAIT)
    assert changed.is_set()
    assert shelf.ids("perda ") == ([] if removing else ["1"])
    assert shelf.ids("baru ") == ([] if removing else ["1"])


def test_many_put_the_same_record_at_once(shelf: Shelf) -> None:
    failures: list[Exception] = []

    def put(number: int) -> None:
        try:
            for _ in range(3):
                shelf.put(shelf.law("same", f"Perda nomor{number}", year=str(number)))
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert shelf.ids("perda") == ["same"]
    with shelf.db.read() as tx:
        rows = [
            tx.execute(text(f"SELECT count(*) FROM {name}")).scalar()
            for name in ("search_index", "search_facets")
        ]
    assert rows == [1, 1]
