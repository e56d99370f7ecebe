"""When silence is news, and when a watchdog barks."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from alerts.watch.dog import Bark, Dog, State
from alerts.watch.silence import Silence, What, Word
from contracts.instants import SECOND

T = 1_795_478_400 * SECOND


def test_silence_is_told_once_and_its_end_once() -> None:
    silence = Silence(10)
    assert silence.see(T, 0) is None
    assert silence.see(T, 10) is None
    assert silence.see(T, 10.5) == Word(what=What.SILENT, since=T)
    assert silence.see(T, 100) is None
    assert (silence.silent, silence.age) == (True, 100)
    after = T + 101 * SECOND
    assert silence.see(after, 101) == Word(what=What.BACK, since=T, until=after)
    assert silence.see(after + SECOND, 102) is None
    assert not silence.silent


def test_a_platform_without_probes_misses_none() -> None:
    silence = Silence(10)
    assert silence.see(None, 0) is None
    assert silence.see(None, 1_000) is None
    assert silence.see(T, 1_001) is None  # the first of all
    assert silence.see(T, 1_012) == Word(what=What.SILENT, since=T)


def test_silence_while_nobody_looked_is_told_with_its_end() -> None:
    silence = Silence(10)
    silence.see(T, 0)  # as it stands in the book when the process starts
    assert silence.see(T + 3_600 * SECOND, 1) == Word(what=What.BACK, since=T, until=T + 3_600 * SECOND)


def test_a_clock_that_jumps_makes_no_silence() -> None:
    silence = Silence(10)
    silence.see(T, 0)
    assert silence.see(T - 86_400 * SECOND, 1) is None
    assert silence.see(T - 86_399 * SECOND, 2) is None


def test_a_dog_is_patient_and_says_when_it_is_well() -> None:
    dog = Dog(patience=10, again=60)
    assert dog.see("gone", 0) is None
    assert dog.see("", 5) is None  # one look that fails is nothing
    assert dog.see("gone", 6) is None
    assert dog.see("gone", 16) == Bark(state=State.SILENT, reason="gone", lasted=10)
    assert dog.see("gone", 60) is None
    assert dog.see("still gone", 76) == Bark(state=State.SILENT, reason="still gone", lasted=70)
    assert dog.see("", 80) == Bark(state=State.WELL, reason="still gone", lasted=74)
    assert dog.see("", 90) is None


@given(st.lists(st.tuples(st.booleans(), st.floats(0.1, 20)), max_size=60))
def test_barks_alternate(looks: list[tuple[bool, float]]) -> None:
    dog, at, heard = Dog(patience=10), 0.0, []
    for bad, pause in looks:
        at += pause
        if (bark := dog.see("gone" if bad else "", at)) is not None:
            heard.append(bark.state)
    assert all(one is not other for one, other in pairwise(heard))
    assert heard[:1] in ([], [State.SILENT])
