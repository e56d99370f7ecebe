"""A Linux access point: what the kernel says becomes counts, shares and rates; never an address."""

import contextlib
import errno
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import measurements
from edge.recorder import Reading
from edge.wifi.book import Book
from edge.wifi.counts import Counts
from edge.wifi.linux import Linux
from edge.wifi.netlink import Generic
from runtime.clock import Fake
from tests.fixtures import airwaves
from tests.fixtures.airwaves import INTERFACES, STATIONS, SURVEY, Kernel, interface, station, survey

A, B, C = "a4:4e:31:43:1c:7c", "02:00:00:00:00:01", "02:00:00:00:00:02"


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    with airwaves.kernel() as one:
        one.answers[INTERFACES] = [interface(4, "wlan0"), interface(5, "wlan1", kind=2)]
        yield one


@pytest.fixture
def clock() -> Fake:
    return Fake()


@pytest.fixture
def counts(tmp_path: Path) -> Iterator[Counts]:
    with Book(tmp_path / "wifi.db") as book:
        yield Counts(book)


@pytest.fixture
def linux(kernel: Kernel, counts: Counts, clock: Fake) -> Linux:
    return Linux((), counts, clock, wire=kernel.wire)


def by_name(readings: list[Reading]) -> dict[tuple[str, str], object]:
    for reading in readings:
        assert measurements.find(reading.metric), reading
    return {(reading.metric, reading.instance): reading.value for reading in readings}


async def test_clients_their_signals_and_the_channel_are_told(
    kernel: Kernel, linux: Linux, clock: Fake
) -> None:
    kernel.answers[STATIONS] = [station(A, signal=-45), station(B, signal=-70), station(C, signal=-91)]
    kernel.answers[SURVEY] = [
        survey(2437, active=9, busy=9, in_use=False),
        survey(5180, active=1_000, busy=100, noise=-92),
    ]
    values = by_name(await linux.read())
    assert values["wifi.clients", "wlan0"] == 3
    spread = {edge: values["wifi.signal.clients", f"wlan0/{edge}"] for edge in (-80, -70, -60, -50, 0)}
    assert spread == {-80: 1, -70: 1, -60: 0, -50: 0, 0: 1}
    assert values["wifi.channel.frequency", "wlan0"] == 5.18e9
    assert values["wifi.channel.noise", "wlan0"] == -92
    assert not {metric for metric, _ in values} & {"wifi.channel.busy", "wifi.throughput.up", "wifi.retries"}
    assert not {where for _, where in values if "wlan1" in where}, "it serves nobody"
    clock.advance(10)
    kernel.answers[SURVEY] = [survey(5180, active=11_000, busy=5_100)]
    assert by_name(await linux.read())["wifi.channel.busy", "wlan0"] == 0.5
    clock.advance(10)
    kernel.answers[SURVEY] = [survey(2412, active=12_000, busy=11_000)]
    assert ("wifi.channel.busy", "wlan0") not in by_name(await linux.read()), "another channel"


async def test_rates_are_of_the_time_between_two_readings(kernel: Kernel, linux: Linux, clock: Fake) -> None:
    kernel.answers[STATIONS] = [station(A, received=5_000, sent=7_000, frames=10), station(B, sent=10**9)]
    await linux.read()
    clock.advance(10)
    kernel.answers[STATIONS] = [
        station(A, connected=110, received=6_000, sent=17_000, frames=100, retried=30, failed=10),
        station(C, connected=5, sent=250, frames=0),
    ]
    values = by_name(await linux.read())
    assert values["wifi.throughput.up", "wlan0"] == 800
    assert values["wifi.throughput.down", "wlan0"] == (10_000 + 250) * 8 / 10
    assert values["wifi.retries", "wlan0"] == 30 / 120
    assert values["wifi.lost", "wlan0"] == 10 / 100


async def test_counters_of_32_bits_wrap(kernel: Kernel, linux: Linux, clock: Fake) -> None:
    kernel.answers[STATIONS] = [station(A, sent=2**32 - 1_000, wide=False)]
    await linux.read()
    clock.advance(1)
    kernel.answers[STATIONS] = [station(A, connected=101, sent=2**32 + 1_000, wide=False)]
    assert by_name(await linux.read())["wifi.throughput.down", "wlan0"] == 16_000


async def test_joins_sessions_and_failures_are_counted(kernel: Kernel, linux: Linux, clock: Fake) -> None:
    async def look(*seen: bytes, after: float = 10) -> tuple[object, ...]:
        clock.advance(after)
        kernel.answers[STATIONS] = list(seen)
        values = by_name(await linux.read())
        return tuple(values[f"wifi.{what}", "wlan0"] for what in ("joins", "sessions", "failures"))

    assert await look(station(A, connected=9_999)) == (0, 0, 0), "it was there before us"
    assert await look(station(A, connected=10_009), station(B, connected=3)) == (1, 1, 0)
    assert await look(station(B, connected=13)) == (1, 1, 0)
    assert await look(station(A, connected=4), station(B, connected=23)) == (2, 1, 0), "a flap is no session"
    assert await look(station(A, connected=1), station(B, connected=33)) == (3, 1, 0), "between two looks"
    assert await look(station(B, connected=43)) == (3, 1, 0)
    assert await look(station(B, connected=83), after=40) == (3, 1, 0)
    assert await look(station(A, connected=2), station(B, connected=93)) == (4, 2, 0), "away too long"
    assert await look(station(C, connected=1, authorized=False)) == (5, 2, 0)
    assert await look() == (5, 2, 1), "it came and never got in"
    assert await look() == (5, 2, 1)


async def test_who_left_and_came_back_while_nobody_could_look_is_counted(
    kernel: Kernel, linux: Linux, clock: Fake
) -> None:
    kernel.answers[STATIONS] = [station(A, connected=5), station(B, connected=5)]
    await linux.read()
    clock.advance(1_800)
    kernel.answers[STATIONS] = [station(A, connected=1_800), station(B, connected=900)]
    values = by_name(await linux.read())
    assert (values["wifi.joins", "wlan0"], values["wifi.sessions", "wlan0"]) == (1, 1), "only B was away"


async def test_who_is_back_after_a_pause_of_the_agent_is_a_new_session(
    kernel: Kernel, linux: Linux, clock: Fake
) -> None:
    values: dict[tuple[str, str], object] = {}
    for seen, after in (([station(A)], 10), ([], 10), ([station(A, connected=1)], 40)):
        kernel.answers[STATIONS] = seen
        clock.advance(after)
        values = by_name(await linux.read())
    assert (values["wifi.joins", "wlan0"], values["wifi.sessions", "wlan0"]) == (1, 1)


async def test_counts_survive_a_restart_of_the_agent(kernel: Kernel, clock: Fake, tmp_path: Path) -> None:
    kernel.answers[STATIONS] = [station(A), station(B)]
    with Book(tmp_path / "wifi.db") as book:
        await Linux((), Counts(book), clock, wire=kernel.wire).read()
    clock.advance(60)
    kernel.answers[STATIONS] = [station(A, connected=160), station(C, connected=30)]
    with Book(tmp_path / "wifi.db") as book:
        values = by_name(await Linux((), Counts(book), clock, wire=kernel.wire).read())
    assert values["wifi.joins", "wlan0"] == 1, "who was there before is not counted again"
    assert values["wifi.sessions", "wlan0"] == 1


async def test_addresses_are_given_in_memory_and_stand_nowhere_else(
    kernel: Kernel, counts: Counts, linux: Linux, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    kernel.answers[STATIONS] = [station(A), station(B)]
    readings = await linux.read()
    counts._book.save()
    raw = {bytes.fromhex(mac.replace(":", "")) for mac in (A, B)}
    assert set(linux.associated()) == raw
    told = repr(readings) + caplog.text + repr(linux._tracks["wlan0"]._clients[next(iter(raw))].last)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for mac in (A, B):
        assert mac not in told.lower()
        assert bytes.fromhex(mac.replace(":", "")) not in kept
        assert mac.encode() not in kept
    kernel.answers[STATIONS] = []
    await linux.read()
    assert not set(linux.associated())


async def test_only_the_wanted_interfaces_are_read(kernel: Kernel, counts: Counts, clock: Fake) -> None:
    kernel.answers[INTERFACES] = [interface(4, "wlan0"), interface(6, "guest_1")]
    readings = await Linux(("guest_1",), counts, clock, wire=kernel.wire).read()
    assert {reading.instance.split("/")[0] for reading in readings} == {"guest-1"}


@pytest.mark.parametrize(
    "answer,reason",
    [
        (errno.EPERM, "not permitted"),
        (b"\x10\x00", "timed out"),
        (airwaves.message(airwaves.FAMILY, 2, b"x" * 40)[:-20], "cut off"),
        (airwaves.message(airwaves.FAMILY, 2, b"", 0x12), "changed while it was read"),
    ],
)
async def test_what_the_kernel_refuses_or_garbles_is_an_error_of_the_source(
    kernel: Kernel, linux: Linux, answer: int | bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.wifi.netlink._PATIENCE", 0.2)
    kernel.answers[STATIONS] = answer
    if isinstance(answer, bytes) and len(answer) > 4:  # the third question: family, interfaces, stations
        kernel.answers[STATIONS] = answer[:8] + (3).to_bytes(4, "little") + answer[12:]
    with pytest.raises(OSError, match=reason):
        await linux.read()


async def test_a_radio_without_a_survey_still_tells_its_clients(kernel: Kernel, linux: Linux) -> None:
    kernel.answers[SURVEY] = errno.EOPNOTSUPP
    kernel.answers[STATIONS] = [station(A)]
    assert by_name(await linux.read())["wifi.clients", "wlan0"] == 1


@settings(max_examples=60)
@given(st.binary(max_size=120))
def test_bytes_without_sense_raise_nothing_but_oserror(noise: bytes) -> None:
    from pyroute2.netlink.nl80211 import nl80211cmd

    from edge.wifi.linux import stations
    from edge.wifi.netlink import _decoded

    body = airwaves.HEADER.pack(16 + len(noise), airwaves.FAMILY, 2, 1, 0) + noise
    with contextlib.suppress(OSError):
        list(stations([_decoded(nl80211cmd, body)]))


def test_the_real_kernel_answers_and_says_what_it_does_not_have() -> None:
    from pyroute2.netlink.generic import ctrlmsg

    with Generic("nlctrl", ctrlmsg) as kernel:
        names = {message.get_attr("CTRL_ATTR_FAMILY_NAME") for message in kernel.dump(3, {})}
    assert "nlctrl" in names
    with pytest.raises(OSError, match="No such file"):
        Generic("no-such-family", ctrlmsg)
