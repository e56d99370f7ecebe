"""Nothing leaves a spool without a receipt or a declared gap, whatever happens; its counts are exact."""

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts import events, ranges
from contracts.batches import EVENTS
from contracts.instants import HOUR
from contracts.receipts import Receipt
from runtime.clock import Fake
from runtime.spool import Batch, Lane, Spool, of

TOPICS = [
    "imm/v1/bima/kiosk/k1/telemetry",
    "imm/v1/bima/kiosk/k1/event",
    "imm/v1/bima/kiosk/k1/frame",
    "imm/v1/bima/wifi/w1/telemetry",
    "imm/v1/bima/judgement/analytics",
]
MEMORY = Path("/dev/shm")  # thousands of commits that no power cut will meet
Place = tuple[str, int, int]


class Life(RuleBasedStateMachine):
    """Appends, hand-outs, receipts, restarts and clocks set wrong, against a model that only remembers."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.clock = Fake()
        self.recorded: dict[Place, Counter[int]] = {}
        self.declared: dict[tuple[str, int], ranges.Ranges] = {}
        self.given_up: Counter[tuple[str, int]] = Counter()
        self.receipted: set[Place] = set()
        self.heard: set[Place] = set()
        self.told: dict[tuple[str, int], events.TallyRow] = {}
        self.epochs: list[int] = []
        self._open()

    def _open(self) -> None:
        self.box = Spool(self.folder / "spool.db", clock=self.clock, limit_bytes=64 * 1024)
        assert self.box.epoch > max(self.epochs, default=0)
        self.epochs.append(self.box.epoch)

    def teardown(self) -> None:
        if hasattr(self, "box"):
            try:
                self.drain()
            finally:
                self.box.close()
                shutil.rmtree(self.folder)

    @rule(
        topic=st.sampled_from(TOPICS),
        size=st.sampled_from([10, 3_000, 20_000]),
        counts=st.dictionaries(st.sampled_from([HOUR, 2 * HOUR]), st.integers(0, 9)),
        times=st.integers(1, 4),
    )
    def append(self, topic: str, size: int, counts: dict[int, int], times: int) -> None:
        for _ in range(times):
            place = self.box.append(topic, b"x" * size, content_type="t", counts=counts)
            assert place.epoch == self.box.epoch
            self.recorded[topic, place.epoch, place.seq] = Counter(counts)

    @rule(counts=st.dictionaries(st.sampled_from([HOUR, 2 * HOUR]), st.integers(1, 9), min_size=1))
    def crowd_out(self, counts: dict[int, int]) -> None:
        """Something is on its way when alarms take all the space."""
        for topic in TOPICS[:3]:
            self.append(topic, 10, counts, 2)
        self.hand_out(Lane.TELEMETRY, 5, lose=False)
        self.hand_out(Lane.FRAME, 1, lose=True)
        self.append(TOPICS[1], 20_000, counts, 4)

    @rule(lane=st.sampled_from(list(Lane)), count=st.integers(1, 5), lose=st.booleans())
    def hand_out(self, lane: Lane, count: int, lose: bool) -> None:
        found = self.box.due(lane, after=0, count=count, size=50_000)
        assert [batch.id for batch in found] == sorted(batch.id for batch in found)
        if not lose:
            self.box.sent([batch.id for batch in found])
            self._receive(found)

    def _receive(self, found: list[Batch]) -> None:
        """What the other end makes of them."""
        for batch in found:
            place = (batch.topic, batch.epoch, batch.seq)
            if batch.content_type != EVENTS:
                assert place in self.recorded
            elif place not in self.heard:
                for event in events.decode(batch.payload):
                    if isinstance(event, events.Gap):
                        self._hear(batch.topic, event)
                    elif isinstance(event, events.Tally):
                        for row in event.rows:
                            self.told[batch.topic.rsplit("/", 1)[0] + "/" + row.channel, row.hour] = row
            self.heard.add(place)

    def _hear(self, topic: str, gap: events.Gap) -> None:
        device = of(topic).device.device
        (about,) = [t for t in TOPICS if str(of(t).stream) == f"{device}/{gap.channel}"] or [topic]
        before = self.declared.get((about, gap.epoch), ())
        assert ranges.size(ranges.union(before, gap.ranges)) == ranges.size(before) + ranges.size(gap.ranges)
        self.declared[about, gap.epoch] = ranges.union(before, gap.ranges)
        self.given_up.update({(about, hour): n for hour, n in gap.samples.items()})

    @rule(data=st.data())
    @precondition(lambda self: self.heard)
    def settle(self, data: st.DataObject) -> None:
        topic, epoch, seq = data.draw(st.sampled_from(sorted(self.heard)))
        self.box.settle([Receipt(stream=str(of(topic).stream), epoch=epoch, ranges=((seq, seq),))])
        self.receipted.add((topic, epoch, seq))

    @rule()
    def tell(self) -> None:
        self.box.tell()

    @rule(seconds=st.integers(-10_000_000, 10_000))
    def restart(self, seconds: int) -> None:
        self.box.close()
        self.clock.jump(seconds)
        self._open()

    @invariant()
    def bounded(self) -> None:
        declarations = 3 * 2_000  # at most one a device, which is never given up
        assert self.box.size() <= self.box.limit + declarations

    @invariant()
    def rows_and_counts_agree(self) -> None:
        db = self.box._file._db
        waiting = dict.fromkeys(Lane, 0) | {
            Lane(lane): n for lane, n in db.execute("SELECT lane, count(*) FROM batches GROUP BY lane")
        }
        assert waiting == self.box.depth()

    @rule()
    def drain(self) -> None:
        """Everything is handed out and receipted; then every sample is accounted for, at both ends."""
        for _ in range(6):
            self.box.tell()
            for lane in Lane:
                found = self.box.due(lane, after=0, count=10_000, size=10**9)
                self._receive(found)
                for batch in found:
                    one = Receipt(
                        stream=str(batch.stream), epoch=batch.epoch, ranges=((batch.seq, batch.seq),)
                    )
                    self.box.settle([one])
                    self.receipted.add((batch.topic, batch.epoch, batch.seq))
        assert self.box.size() == 0
        recorded: Counter[tuple[str, int]] = Counter()
        stored: Counter[tuple[str, int]] = Counter()
        kept: Counter[tuple[str, int]] = Counter()
        for (topic, epoch, seq), counts in self.recorded.items():
            gone = ranges.holds(self.declared.get((topic, epoch), ()), seq)
            came = (topic, epoch, seq) in self.heard
            assert gone or came, "neither received nor declared"
            for hour, n in counts.items():
                recorded[topic, hour] += n
                stored[topic, hour] += n if came else 0
                kept[topic, hour] += 0 if gone else n
        for (topic, hour), n in recorded.items():
            assert n == kept[topic, hour] + self.given_up[topic, hour]
            if n and "judgement" not in topic:
                row = self.told[topic, hour]
                lost = row.shed - self._came(topic, row)
                assert (row.recorded, row.recorded - lost) == (n, stored[topic, hour]), row

    def _came(self, topic: str, row: events.TallyRow) -> int:
        """Samples that were given up on their way and arrived."""
        return sum(
            stray.each
            for stray in row.strays
            for seq in range(stray.first, stray.last + 1)
            if (topic, stray.epoch, seq) in self.heard
        )


Life.TestCase.settings = settings(
    max_examples=80, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLife = Life.TestCase
