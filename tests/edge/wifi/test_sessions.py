"""Sessions as access points tell them: twice, late, out of order, over restarts of either side."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.wifi.accounting.packets import Kind, Word
from edge.wifi.accounting.sessions import Sessions
from edge.wifi.book import Book
from edge.wifi.counts import Counts
from runtime.clock import Fake

START, STOP, INTERIM, ON = Kind.START, Kind.STOP, Kind.INTERIM, Kind.ON
MAC, OTHER = b"\x02\x00\x00\x00\x00\x01", b"\x02\x00\x00\x00\x00\x02"


class Node:
    """One agent's sessions, which may be restarted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = Fake()
        self._open()

    def _open(self) -> None:
        self.book = Book(self.path / "wifi.db")
        self.counts = Counts(self.book)
        self.sessions = Sessions(self.book, self.counts, self.clock, stale=600.0, forget=86_400.0, flap=30.0)

    def restart(self) -> None:
        self.close()
        self._open()

    def close(self) -> None:
        with self.book:
            pass

    def hear(
        self, kind: Kind, session: str = "s1", *, nas: str = "ap-1", after: float = 0, **more: object
    ) -> bool:
        self.clock.advance(after)
        word = Word(kind=kind, nas=nas.encode(), session=session.encode(), **more)  # type: ignore[arg-type]
        return self.sessions.take("c1", word)

    def told(self) -> dict[str, int]:
        """All that is counted, and how many sessions are open and stale; what is nought is left out."""
        self.sessions.sweep()
        current, stale = self.sessions.open().get("c1", (0, 0))
        names = ("joins", "sessions", "sessions.ended", "sessions.forgotten", "failures")
        found = {name: int(self.counts.total(f"wifi.{name}", "c1")) for name in names}
        return {name: value for name, value in {**found, "open": current, "stale": stale}.items() if value}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    one = Node(tmp_path)
    yield one
    one.close()


def bytes_of(node: Node) -> tuple[float, float]:
    return node.counts.total("wifi.sessions.received", "c1"), node.counts.total("wifi.sessions.sent", "c1")


def test_a_session_begins_goes_on_and_ends(node: Node) -> None:
    assert node.hear(START)
    assert node.hear(INTERIM, after=300, received=1_000, sent=5_000)
    assert node.told() == {"joins": 1, "sessions": 1, "open": 1}
    assert node.hear(STOP, after=300, received=3_000, sent=9_000, cause=1)
    node.clock.advance(31)
    assert node.told() == {"joins": 1, "sessions": 1, "sessions.ended": 1}
    assert bytes_of(node) == (3_000, 9_000)


def test_what_is_told_twice_counts_once(node: Node) -> None:
    for kind in (START, INTERIM, STOP):
        node.hear(kind, received=100, sent=200)
        again = node.hear(kind, received=100, sent=200)
        assert again == (kind is INTERIM), "of interims nobody can tell"
    node.clock.advance(31)
    assert node.told() == {"joins": 1, "sessions": 1, "sessions.ended": 1}
    assert bytes_of(node) == (100, 200)


def test_without_word_a_session_is_stale_not_ended_and_comes_back(node: Node) -> None:
    node.hear(START)
    node.clock.advance(601)
    assert node.told() == {"joins": 1, "sessions": 1, "stale": 1}
    node.hear(INTERIM, received=7)
    assert node.told() == {"joins": 1, "sessions": 1, "open": 1}, "the tunnel is back"
    node.clock.advance(10_000)
    assert node.told()["stale"] == 1
    node.hear(STOP, received=9)
    node.clock.advance(31)
    assert node.told() == {"joins": 1, "sessions": 1, "sessions.ended": 1}, "a late stop ends it"


def test_nothing_is_open_for_ever(node: Node) -> None:
    node.hear(START)
    node.clock.advance(86_401)
    assert node.told() == {"joins": 1, "sessions": 1, "sessions.forgotten": 1}


def test_a_start_that_comes_after_its_stop_opens_nothing(node: Node) -> None:
    node.clock.advance(100)
    node.hear(STOP, received=5)
    node.hear(START, after=2, delay=40)
    node.hear(INTERIM, after=1, delay=20, received=4)
    node.clock.advance(31)
    assert node.told() == {"joins": 1, "sessions": 1, "sessions.ended": 1}
    assert bytes_of(node) == (5, 0)


def test_a_flap_continues_the_visit(node: Node) -> None:
    node.hear(START, "a", mac=MAC)
    node.hear(STOP, "a", after=60, mac=MAC, cause=2)
    node.hear(START, "b", after=10, mac=MAC)
    assert node.told() == {"joins": 2, "sessions": 1, "open": 1}
    node.hear(STOP, "b", after=60, mac=MAC)
    node.hear(START, "c", after=31, mac=MAC)
    assert node.told() == {"joins": 3, "sessions": 2, "sessions.ended": 1, "open": 1}


def test_a_user_who_changes_access_points_is_one_visit(node: Node) -> None:
    node.hear(START, "a", nas="ap-1", mac=MAC)
    node.hear(START, "b", nas="ap-2", after=60, mac=MAC)
    node.hear(STOP, "a", nas="ap-1", after=1, mac=MAC)
    node.clock.advance(31)
    assert node.told() == {"joins": 2, "sessions": 1, "open": 1}
    node.hear(STOP, "b", nas="ap-2", mac=MAC)
    node.clock.advance(31)
    assert node.told() == {"joins": 2, "sessions": 1, "sessions.ended": 1}


def test_an_access_point_that_restarts_ends_what_it_had_and_may_use_its_ids_again(node: Node) -> None:
    for session in ("00000001", "00000002"):
        node.hear(START, session)
    node.hear(START, "00000001", nas="ap-2")
    assert node.hear(ON, "", after=100)
    assert not node.hear(ON, "", delay=2, after=2), "told again"
    assert node.told() == {"joins": 3, "sessions": 3, "open": 1}
    node.hear(START, "00000001", after=1)
    node.clock.advance(31)
    assert node.told() == {"joins": 4, "sessions": 4, "sessions.ended": 2, "open": 2}


def test_who_is_back_after_a_restart_of_the_access_point_continues(node: Node) -> None:
    node.hear(START, "1", mac=MAC)
    node.hear(ON, "", after=60)
    node.hear(START, "1", after=20, mac=MAC)
    node.clock.advance(31)
    assert node.told() == {"joins": 2, "sessions": 1, "open": 1}


def test_a_late_word_of_a_restart_spares_what_began_after_it(node: Node) -> None:
    node.clock.advance(1_000)
    node.hear(START)
    node.hear(ON, "", after=5, delay=60)
    assert node.told() == {"joins": 1, "sessions": 1, "open": 1}


def test_an_id_that_starts_again_without_a_stop_is_another_session(node: Node) -> None:
    node.hear(START)
    node.hear(START, after=3_600)
    assert node.told() == {"joins": 2, "sessions": 2, "sessions.forgotten": 1, "open": 1}


def test_sessions_that_broke_are_failures(node: Node) -> None:
    for number, cause in enumerate((1, 2, 4, 9, 15)):
        node.hear(START, f"s{number}")
        node.hear(STOP, f"s{number}", cause=cause)
    assert node.told()["failures"] == 2


def test_a_restart_of_the_agent_changes_nothing(node: Node) -> None:
    node.hear(START, "a", mac=MAC, received=10)
    node.hear(START, "b", mac=OTHER)
    node.hear(STOP, "b", after=5)
    before = node.told()
    node.restart()
    assert node.told() == before
    assert not list(node.sessions.associated()), "addresses were nowhere"
    node.hear(INTERIM, "a", mac=MAC, after=300, received=25)
    assert list(node.sessions.associated()) == [MAC], "and are told again"
    assert bytes_of(node) == (25, 0)
    assert not node.hear(STOP, "b", delay=300)
    node.restart()
    assert node.told() == {"joins": 2, "sessions": 2, "sessions.ended": 1, "open": 1}
    node.clock.advance(700)
    assert node.told()["stale"] == 1


def test_a_clock_set_back_while_the_agent_was_off_makes_nothing_stale(node: Node) -> None:
    node.hear(START)
    node.clock.jump(-40 * 365 * 86_400)
    node.restart()
    assert node.told() == {"joins": 1, "sessions": 1, "open": 1}


def test_what_was_heard_before_the_time_was_known_is_not_forgotten_at_once(node: Node) -> None:
    node.clock.jump(-50 * 365 * 86_400)
    node.hear(START)
    node.clock.jump(50 * 365 * 86_400)
    node.restart()
    assert node.told() == {"joins": 1, "sessions": 1, "open": 1}


def test_nobody_is_on_the_disk(node: Node) -> None:
    node.hear(START, "0200000000a1-7", mac=MAC, user=b"budi.santoso")
    assert list(node.sessions.users()) == [b"budi.santoso"]
    node.book.save()
    kept = b"".join(path.read_bytes() for path in node.path.iterdir())
    for secret in (MAC, b"budi", b"0200000000a1", b"020000000001"):
        assert secret not in kept


WORDS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), min_size=1, max_size=20)


@settings(max_examples=25)
@given(WORDS)
def test_whatever_the_order_each_session_counts_once(order: list[tuple[int, int, bool]]) -> None:
    """Four sessions begin, are told of twice, and stop; words come in any order, again, over restarts."""
    said = [(START, 0), (INTERIM, 100), (INTERIM, 200), (STOP, 300)]
    with TemporaryDirectory() as folder:
        node = Node(Path(folder))
        node.clock.advance(1_000)
        happened = node.clock.monotonic()
        for session, word, restart in [*order, *((session, 3, False) for session in range(4))]:
            if restart:
                node.restart()
            node.clock.advance(0.2)
            kind, moved = said[word]
            at = happened - 40 + 10 * word
            delay = round(node.clock.monotonic() - at)
            node.hear(kind, f"s{session}", delay=delay, received=moved, mac=bytes([2, 0, 0, 0, 0, session]))
        node.clock.advance(60)
        assert node.told() == {"joins": 4, "sessions": 4, "sessions.ended": 4}
        assert bytes_of(node) == (1_200, 0)
        node.close()
