"""Whatever devices, people and kills do: nobody is out of turn, and each device ends as it should."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from city.identity.caller import SYSTEM
from contracts.presence import State as Presence
from devices.rollouts import Part, State, Step
from devices.rollouts.deciding import _GONE
from devices.rollouts.errors import NotNow
from devices.rollouts.gate import Health
from devices.rollouts.model import Plan
from runtime.clock import Fake
from tests.devices.rollouts.conftest import ALL, Fleet, fine
from tests.fixtures.tables import ready

_COUNT = 6
_DEVICES = st.integers(0, _COUNT - 1)


class Life(RuleBasedStateMachine):
    """One rollout among six devices: 1 → 3 → 6."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.db = ready(f"sqlite:///{Path(self.folder.name) / 'life.sqlite'}", ALL)
        self.fleet = Fleet(self.db, Fake(), _COUNT)
        for name in self.fleet.names:
            self.fleet.den.wish(name, volume=70)
        self.key = self.fleet.start(Plan(share=50, soak=30, patience=60)).id
        self.touched: set[str] = set()
        self.farthest = 0
        self.given_up = False  # whether a person aborts it in the end
        self.well: dict[str, bool] = {}  # device that has the change → whether it was well when it came

    @initialize(given_up=st.booleans())
    def begin(self, given_up: bool) -> None:
        self.given_up = given_up
        self.turn()

    @rule()
    def turn(self) -> None:
        """One move: silence counts where presence says so since the change, and nowhere else."""
        before = {item.device: item for item in self.fleet.items(self.key)}
        running = self.fleet.get(self.key).state == State.RUNNING
        self.fleet.turn()
        for item in self.fleet.items(self.key):
            old, fares = before[item.device], self.fleet.fares.devices[item.device]
            if old.set is None and item.set is not None:
                self.well[item.device] = fares.well
            if not running or old.set is None or old.state not in {Part.SET, Part.MATCHED}:
                continue
            ill = self.well[item.device] and not fares.maintained and self.silent_since(old.set, fares)
            if ill:
                assert item.state not in {Part.SET, Part.MATCHED}
            elif item.state == Part.FAILED:
                assert "did not become so" in item.reason
                assert not fares.maintained

    def silent_since(self, change: int, fares: Health) -> bool:
        gone = fares.since >= change and self.fleet.clock.now() - fares.since > _GONE
        return gone and fares.state in {Presence.OFFLINE, Presence.LATE}

    @rule()
    def kill(self) -> None:
        self.fleet.driver = self.fleet.new_driver()

    @rule(seconds=st.sampled_from([1, 31, 62]))
    def time(self, seconds: int) -> None:
        self.fleet.clock.advance(seconds)

    @rule(device=_DEVICES)
    def obey(self, device: int) -> None:
        self.fleet.obey(self.fleet.names[device])

    @rule()
    def obey_all(self) -> None:
        self.fleet.obey()

    @rule(device=_DEVICES, state=st.sampled_from(list(Presence)))
    def come_or_go(self, device: int, state: Presence) -> None:
        name = self.fleet.names[device]
        was = self.fleet.fares.devices[name]
        since = was.since if was.state is state else self.fleet.clock.now()
        self.fleet.fares.devices[name] = msgspec.structs.replace(was, state=state, since=since)

    @rule(device=_DEVICES, on=st.booleans())
    def maintain(self, device: int, on: bool) -> None:
        name = self.fleet.names[device]
        fares = self.fleet.fares.devices[name]
        self.fleet.fares.devices[name] = msgspec.structs.replace(fares, maintained=on)

    @rule(device=_DEVICES)
    def somebody_changes(self, device: int) -> None:
        name = self.fleet.names[device]
        self.touched.add(name)
        self.fleet.den.wish(name, volume=55)

    @rule(step=st.sampled_from([Step.PAUSE, Step.RESUME, Step.RESUME, Step.ABORT]))
    def decide(self, step: Step) -> None:
        with contextlib.suppress(NotNow):
            self.fleet.step(self.key, step)

    @invariant()
    def nobody_is_out_of_turn(self) -> None:
        told = self.fleet.get(self.key)
        assert told.stage >= self.farthest
        self.farthest = told.stage
        having = set(self.fleet.having(30))
        turns = {item.device for item in self.fleet.items(self.key) if item.stage is not None}
        assert having <= turns
        assert len(turns) <= told.upto(told.stage)

    @invariant()
    def a_stage_is_left_only_when_nothing_failed_in_it(self) -> None:
        told = self.fleet.get(self.key)
        if told.state == State.DONE:
            assert not [item for item in self.fleet.items(self.key) if item.state == Part.FAILED]

    @invariant()
    def each_device_changed_once_and_was_restored_once(self) -> None:
        for name in self.fleet.names:
            versions = self.fleet.den.service.history(SYSTEM, name)
            mine = [one.values["volume"] for one in versions if one.source == self.key]
            assert mine in ([], [30], [70, 30], [55, 30])  # newest first

    def teardown(self) -> None:
        """Left alone it comes to an end, and what it took back is as it was."""
        told = self.fleet.get(self.key)
        if self.given_up and Step.ABORT in told.steps:
            self.fleet.step(self.key, Step.ABORT)
        elif told.state == State.PAUSED:
            self.fleet.step(self.key, Step.RESUME)
        for name in self.fleet.names:
            self.fleet.fares.devices[name] = fine()
        for _ in range(8):
            self.fleet.settle()
            self.fleet.obey()
            self.fleet.clock.advance(62)
        told = self.fleet.get(self.key)
        assert told.over
        untouched = set(self.fleet.names) - self.touched
        if told.state == State.ROLLED_BACK:
            assert untouched <= set(self.fleet.having(70))
        else:
            assert untouched <= set(self.fleet.having(30))
        self.db.close()
        self.folder.cleanup()


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=8, stateful_step_count=20, deadline=None)
