"""Random lives of devices: whatever happens, what alerts was told agrees with what is remembered."""

from __future__ import annotations

from hypothesis import settings as budget
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from contracts.judgements import Verdict
from tests.devices.presence.stage import City, entry, said


class Life(RuleBasedStateMachine):
    """Anything may happen to five devices of one site and one of another."""

    def __init__(self) -> None:
        super().__init__()
        self.city = City(*(entry(number, site="a" if number else "b") for number in range(6)))
        self.epochs = dict.fromkeys((one.device for one in self.city.entries), 0)
        self.open: dict[tuple[str, str], int] = {}

    @rule(number=st.integers(0, 5))
    def start(self, number: int) -> None:
        device = f"kiosk-{number}"
        self.epochs[device] += 1
        self.city.join(device, epoch=self.epochs[device])

    @rule(number=st.integers(0, 5), back=st.integers(0, 2), reason=st.sampled_from(["lost", "stopped"]))
    def end(self, number: int, back: int, reason: str) -> None:
        device = f"kiosk-{number}"
        epoch = self.epochs[device] - back
        alive = device in self.city.live
        self.city.fleet.status(device, said("offline", epoch, reason=reason), self.city.now)
        if back == 0:
            self.city.live.discard(device)
        elif alive:
            self.city.fleet.tick(self.city.now, deaf=False)
            assert self.city.fleet.tracks[device].said == "online"

    @rule(seconds=st.sampled_from([5, 30, 300, 900]), deaf=st.booleans())
    def wait(self, seconds: int, deaf: bool) -> None:
        for one in self.city.pass_(seconds, deaf=deaf):
            key = (one.site, one.device)
            if one.verdict is Verdict.RAISED:
                assert key not in self.open, "raised twice"
                self.open[key] = one.since
            else:
                assert self.open.pop(key, None) is not None, "cleared, and never raised"

    @invariant()
    def memory_agrees_with_what_was_said(self) -> None:
        raised = {(one.entry.site, one.entry.device) for one in self.city.fleet.tracks.values() if one.raised}
        raised |= {(name, "") for name, site in self.city.fleet.sites.items() if site.raised}
        assert raised == set(self.open)

    def teardown(self) -> None:
        for device in self.epochs:
            self.epochs[device] += 1
            self.city.join(device, epoch=self.epochs[device])
        self.wait(1_800, deaf=False)
        assert self.open == {}, "all is well, and alerts does not know"


TestLife = Life.TestCase
TestLife.settings = budget(max_examples=60, stateful_step_count=20, deadline=None)
