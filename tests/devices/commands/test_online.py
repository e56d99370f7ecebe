"""Who is online: words that come before the roster has their device, and wills that come late."""

import pytest

from contracts import status
from contracts.roster import Entry
from contracts.status import Status
from contracts.topics import Channel, Device, Kind
from devices.commands.online import Online
from devices.roster import Roster
from runtime.clock import Fake
from runtime.mqtt import Handler

BOX = Device(site="bima", kind=Kind.KIOSK, device="kiosk-9")


class Line:
    """A connection on which the test speaks."""

    handler: Handler

    def subscribe(self, topic_filter: str, handler: Handler, qos: int = 1) -> None:
        self.handler = handler

    def says(self, device: Device, state: str, epoch: int = 1, connection: int = 1) -> None:
        said = Status(state=state, since=1, epoch=epoch, version="1", connection=connection)  # type: ignore[arg-type]

        class Said:
            topic = device.topic(Channel.STATUS)
            payload = status.encode(said)

            def ack(self) -> None: ...

        self.handler(Said())  # type: ignore[arg-type]


@pytest.fixture
def line() -> Line:
    return Line()


def of(*devices: Device) -> Roster:
    return Roster([Entry(device=one.device, kind=one.kind, site=one.site) for one in devices])


def test_a_device_that_speaks_before_it_is_known_is_online_once_it_is(line: Line, clock: Fake) -> None:
    online = Online(line, of(), clock)  # type: ignore[arg-type]
    line.says(BOX, "online")
    assert online.since("kiosk-9") is None
    online._roster = of(BOX)
    assert online.since("kiosk-9") == clock.now()
    online._roster = of(Device(site="other", kind=Kind.KIOSK, device="kiosk-9"))
    assert online.since("kiosk-9") is None, "its word was said at another place"


@pytest.mark.parametrize("epoch,connection", [(1, 9), (2, 1)])
def test_a_late_will_does_not_undo_a_reconnection(
    line: Line, clock: Fake, epoch: int, connection: int
) -> None:
    online = Online(line, of(BOX), clock)  # type: ignore[arg-type]
    line.says(BOX, "online", 2, 2)
    line.says(BOX, "offline", epoch, connection)
    assert online.since("kiosk-9") is not None
    line.says(BOX, "offline", 2, 2)
    assert online.since("kiosk-9") is None
    line.says(BOX, "online", 1, 1)  # its spool was lost, and its clock is behind: it is there all the same
    assert online.since("kiosk-9") is not None


def test_words_of_unknown_devices_are_bounded(
    line: Line, clock: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devices.commands.online._MOST", 3)
    online = Online(line, of(BOX), clock)  # type: ignore[arg-type]
    for number in range(9):
        line.says(Device(site="bima", kind=Kind.KIOSK, device=f"stranger-{number}"), "online")
    line.says(BOX, "online")
    assert len(online._seen) == 4
    assert online.since("kiosk-9") is not None
