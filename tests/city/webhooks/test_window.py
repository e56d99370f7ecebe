"""Whatever happens: one subject in order, never two of it at once, and no place beyond what is not done."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from city.outbox.letters import Letter
from city.webhooks.stream import Event
from city.webhooks.window import SIZE, Item, Window

SUBJECTS = st.sampled_from("abc")


def item(position: int, subject: str, letter: int = 0) -> Item:
    event = Event(
        position=position, key=str(position), type="thing.made", subject=subject, created=0, body="{}"
    )
    kept = Letter(
        id=letter,
        consumer="x",
        position=position,
        type="",
        subject="",
        event="",
        attempts=1,
        error="",
        parked=0,
    )
    return Item(event=event, letter=kept if letter else None)


class Receiving(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.window = Window(100)
        self.head = 100
        self.now = 0.0
        self.flying: list[Item] = []
        self.done: dict[str, list[int]] = {}
        self.open: dict[str, list[int]] = {}
        self.letters = 0

    @precondition(lambda self: self.window.room > 0)
    @rule(subject=SUBJECTS, skipped=st.integers(0, 3))
    def arrives(self, subject: str, skipped: int) -> None:
        self.head += 1 + skipped
        self.window.add(item(self.head, subject))
        self.window.scanned = self.head
        self.open.setdefault(subject, []).append(self.head)

    @precondition(lambda self: self.window.room > 0)
    @rule(subject=SUBJECTS)
    def is_asked_for_again(self, subject: str) -> None:
        self.letters += 1
        self.window.add(item(self.letters, subject, letter=self.letters))
        self.open.setdefault(subject, []).append(self.letters)

    @rule(probing=st.booleans())
    def leaves(self, probing: bool) -> None:
        found = self.window.next(self.now, probing=probing)
        if found is None:
            when = self.window.when()
            assert when is None or when > self.now
            return
        assert found.position == self.open[found.event.subject][0], "the first of its subject"
        assert found.event.subject not in {other.event.subject for other in self.flying}
        found.flying = True
        found.tries += 1
        self.flying.append(found)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), delay=st.floats(0, 2))
    def fails(self, data: st.DataObject, delay: float) -> None:
        found = self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))
        found.flying = False
        found.not_before = self.now + delay

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def is_taken(self, data: st.DataObject) -> None:
        found = self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))
        found.flying = False
        self.window.finish(found)
        self.done.setdefault(found.event.subject, []).append(self.open[found.event.subject].pop(0))

    @rule(seconds=st.floats(0, 2))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def the_place_is_just_before_what_is_open(self) -> None:
        # letters have positions up to 100 only in small runs, so tell them by being below the start
        events = [position for lane in self.open.values() for position in lane if position > 100]
        assert self.window.position == (min(events) - 1 if events else self.head)

    @invariant()
    def it_is_bounded(self) -> None:
        assert len(self.window) == sum(map(len, self.open.values())) <= SIZE
        assert (len(self.window) == 0) == (not self.window)


TestReceiving = Receiving.TestCase
TestReceiving.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
