"""A command always stands in one state, and goes on by what is newer alone, whatever comes in which order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contracts.commands import ENDS as DEVICE_ENDS
from contracts.commands import Result, Type
from contracts.commands import State as Said
from contracts.instants import MINUTE, SECOND
from contracts.topics import Kind
from devices.commands import model
from devices.commands.model import ANSWER, OPEN, Record, State


def record(now: int = 1_000 * SECOND) -> Record:
    return Record(
        id="c1",
        device="k1",
        site="bima",
        kind=Kind.KIOSK,
        type=Type.REBOOT,
        arguments={},
        by="system",
        by_name="",
        why="",
        issued=now,
        expires=now + 5 * MINUTE,
        state=State.QUEUED,
        since=now,
        deadline=now + 5 * MINUTE + ANSWER,
    )


class Life(RuleBasedStateMachine):
    """A desk and a device that says each thing once, over a broker that doubles, delays and reorders."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000 * SECOND
        self.record = record(self.now)
        self.said: list[Result] = []
        self.ended: Record | None = None

    def keep(self, new: Record | None) -> None:
        if new is not None:
            assert new.revision == self.record.revision + 1
            self.record = new
        if self.record.told and self.ended is None:
            self.ended = self.record

    @rule(seconds=st.integers(1, 3_000))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND
        self.keep(model.given_up(self.record, self.now))

    @rule()
    @precondition(lambda self: not self.record.told)
    def it_leaves(self) -> None:
        if self.record.state != State.QUEUED or self.now <= self.record.expires:
            self.keep(model.sending(self.record, self.now))

    @rule(state=st.sampled_from(Said))
    @precondition(lambda self: self.record.tries and not (self.said and self.said[-1].state in DEVICE_ENDS))
    def the_device_says(self, state: Said) -> None:
        self.said.append(Result(id="c1", number=len(self.said) + 1, state=state, time=self.now))

    @rule(data=st.data())
    @precondition(lambda self: bool(self.said))
    def a_word_comes(self, data: st.DataObject) -> None:
        self.keep(model.heard(self.record, data.draw(st.sampled_from(self.said)), self.now))

    @invariant()
    def the_devices_end_stays(self) -> None:
        if self.ended is not None:
            assert self.record == self.ended

    @invariant()
    def what_is_queued_was_never_sent(self) -> None:
        if self.record.state == State.QUEUED:
            assert self.record.tries == 0
            assert self.record.sent is None

    @invariant()
    def an_end_that_was_told_is_that_of_the_device(self) -> None:
        if self.record.told:
            assert self.record.state.value == self.said[-1].state.value

    def teardown(self) -> None:
        """Whatever happened, it ends known: by the device's word, or by the desk's own in time."""
        self.now += 24 * 60 * MINUTE
        self.keep(model.given_up(self.record, self.now))
        assert self.record.over
        assert self.record.told or self.record.state in {
            State.EXPIRED,
            State.TIMED_OUT,
            State(self.record.state),
        }
        if not self.record.told:
            assert self.record.reason


TestLife = Life.TestCase


def test_a_late_word_corrects_what_the_desk_had_given_up() -> None:
    sent = model.sending(record(), 1_001 * SECOND)
    over = model.given_up(sent, sent.deadline + 1)
    assert over is not None
    assert (over.state, over.reason) == (
        State.TIMED_OUT,
        "it was sent once, and the device said nothing; it is asked again when it comes back",
    )
    corrected = model.heard(over, Result(id="c1", number=3, state=Said.DONE, time=1), over.since + 1)
    assert corrected is not None
    assert (corrected.state, corrected.late, corrected.told) == (State.DONE, True, True)


def test_a_device_that_works_has_time_after_its_last_word() -> None:
    sent = model.sending(record(), 1_001 * SECOND)
    running = model.heard(sent, Result(id="c1", number=2, state=Said.RUNNING, time=1), sent.expires)
    assert running is not None
    assert model.given_up(running, sent.deadline + 1) is None
    over = model.given_up(running, running.deadline + 1)
    assert over is not None
    assert "said that it was running" in over.reason


def test_what_was_never_sent_expires_for_certain() -> None:
    queued = record()
    assert model.given_up(queued, queued.expires) is None
    over = model.given_up(queued, queued.expires + 1)
    assert over is not None
    assert (over.state, "never sent" in over.reason) == (State.EXPIRED, True)


@given(st.integers(0, 100))
def test_patience_grows_to_a_bound(tries: int) -> None:
    assert 5 * SECOND <= model.patience(tries) <= model.patience(tries + 1) <= 5 * MINUTE


def test_open_states_and_ends_are_all() -> None:
    assert {*OPEN, *model.ENDS, State.WITHDRAWN, State.TIMED_OUT} == set(State)
