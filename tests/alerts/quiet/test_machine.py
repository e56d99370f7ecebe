"""Whatever happens in whatever order: what stands beside an alert is true, and people are told once."""

import itertools
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alerts.model.lifecycle import Beside
from alerts.quiet import records as silences
from alerts.quiet.matchers import Matcher, Op
from alerts.quiet.model import Plan, State
from alerts.quiet.scene import Scene
from contracts.alerts import Quiet
from contracts.alerts import State as Stands
from contracts.instants import SECOND
from tests.alerts.room import HISTORIES, SITI, Room
from tests.fixtures.tables import ready

DEVICES = ["", "kiosk-1", "kiosk-2", "wifi-1"]
some = st.sampled_from(DEVICES)
MATCHERS = [
    (Matcher(name="site", value="bima"),),
    (Matcher(name="device", op=Op.PATTERN, value="kiosk-.*"),),
    (Matcher(name="rule", value="hot"), Matcher(name="device", op=Op.UNEQUAL, value="kiosk-1")),
]


class Broken(Exception):
    """A process that dies before its transaction has committed."""


class Machine(RuleBasedStateMachine):
    """Alerts of one site, and everything that may keep them quiet."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        numbers = itertools.count(1)
        db = ready(f"sqlite:///{self.folder / 'city.sqlite'}", HISTORIES)
        self.room = Room(db, lambda: f"id-{next(numbers):06}")
        for device in DEVICES[1:]:
            self.room.roster.add(device)

    def teardown(self) -> None:
        self.room.db.close()
        shutil.rmtree(self.folder)

    @rule(devices=st.lists(some, min_size=1, max_size=3, unique=True))
    def fire(self, devices: list[str]) -> None:
        self.room.fire(*devices)

    @rule(devices=st.lists(some, min_size=1, max_size=3, unique=True))
    def clear(self, devices: list[str]) -> None:
        self.room.clear(*devices)

    @rule(device=some, which=st.sampled_from(MATCHERS), seconds=st.integers(1, 60), start=st.integers(0, 30))
    def silence(self, device: str, which: tuple[Matcher, ...], seconds: int, start: int) -> None:
        now = self.room.clock.now() + start * SECOND
        plan = Plan(matchers=which, starts=now, ends=now + seconds * SECOND, reason="r")
        with self.room.db.begin() as tx:
            self.room.silences.add(tx, SITI, plan)

    @rule()
    def end_a_silence(self) -> None:
        for one in self.room.silences.page(states=(State.ACTIVE, State.PLANNED), limit=1):
            with self.room.db.begin() as tx:
                self.room.silences.end(tx, SITI, one.id, seen=one.revision)

    @rule(device=some, seconds=st.integers(1, 60))
    def silence_one(self, device: str, seconds: int) -> None:
        for one in self.firing():
            if one.device == device:
                until = self.room.clock.now() + seconds * SECOND
                self.room.desk.silence(one.id, by="Siti", until=until, reason="r")

    @rule(device=some)
    def acknowledge(self, device: str) -> None:
        for one in self.firing():
            if one.device == device:
                self.room.desk.acknowledge(one.id, by="Siti")

    @rule(device=st.sampled_from(DEVICES[1:]), seconds=st.integers(1, 60))
    def maintain(self, device: str, seconds: int) -> None:
        self.room.maintain(device, seconds)
        self.room.look()

    @rule(seconds=st.integers(0, 40))
    def wait(self, seconds: int) -> None:
        self.room.wait(seconds)
        self.room.look()

    @rule(devices=st.lists(some, min_size=1, max_size=3, unique=True))
    def die_halfway(self, devices: list[str]) -> None:
        before = (self.room.all(), self.room.told())
        ids, self.room.ids = self.room.ids, self._dies
        with pytest.raises(Broken):
            self.room.fire(*devices, rule="other")
        self.room.ids = ids
        assert (self.room.all(), self.room.told()) == before

    def _dies(self) -> str:
        raise Broken

    def firing(self) -> list:  # type: ignore[type-arg]
        return [one for one in self.room.all() if one.state is Stands.FIRING]

    @invariant()
    def what_stands_beside_is_true(self) -> None:
        firing = self.firing()
        now = self.room.clock.now()
        with self.room.db.read() as tx:
            known = tuple(silences.living(tx, now))
        rules = self.room.means.settings.inhibitions
        down = tuple(one for one in firing if one.device == "")
        scene = Scene(now=now, silences=known, sources=down, inhibitions=rules, roster=self.room.roster)
        for one in firing:
            assert scene.beside(one) == Beside(
                silence=one.silence,
                silenced_until=one.silenced_until,
                inhibited_by=one.inhibited_by,
                maintenance_until=one.maintenance_until,
            )
            assert (one.quiet is Quiet.INHIBITED) <= (one.inhibited_by == down[0].id if down else False)
            assert one.quiet is not None or one.told is not None

    @invariant()
    def people_are_told_once_and_all_of_it_is_in_the_history(self) -> None:
        alerts = self.room.all()
        told = Counter(device for _, device in self.room.told("alert.firing"))
        assert told == Counter(one.device for one in alerts if one.told is not None)
        for one in alerts:
            lines = self.room.desk.told(one.id).history
            assert [line.revision for line in lines] == list(range(1, one.revision + 1))
            assert one.state is not Stands.RESOLVED or one.quiet is None


# Each step asks a database: what fails is told as it was found, since making it smaller takes minutes.
Machine.TestCase.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, phases=(Phase.explicit, Phase.generate)
)
TestLife = Machine.TestCase
