"""SNMP: Debian's own agent over 2c and 3, and agents that lie, wrap, restart or say nothing."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from contracts import measurements
from edge.recorder import Reading
from edge.wifi import agents
from edge.wifi.agents import Agent, community, user
from edge.wifi.build import watching
from edge.wifi.settings import Settings
from edge.wifi.settings import Snmp as Chosen
from edge.wifi.snmp import Snmp
from runtime.clock import Fake, System
from tests.fixtures.snmp import AUTH, COMMUNITY, PRIVACY, USER, liar

Oid = tuple[int, ...]
MIB = (1, 3, 6, 1, 2, 1)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "_PART", 0.5)


def by_name(readings: list[Reading]) -> dict[tuple[str, str], Any]:
    for reading in readings:
        assert measurements.find(reading.metric), reading
    return {(reading.metric, reading.instance): reading.value for reading in readings}


async def once(port: int, access: Any, *, wanted: tuple[str, ...] = ()) -> dict[tuple[str, str], Any]:
    agent = Agent("127.0.0.1", port, access)
    source = Snmp("vm", agent, System(), wanted=wanted)
    try:
        return by_name(await source.read())
    finally:
        await source.close()


@pytest.mark.system
@pytest.mark.parametrize(
    "access",
    [
        pytest.param(lambda: community(COMMUNITY), id="2c"),
        pytest.param(lambda: user(USER, "sha", AUTH, PRIVACY), id="3-sha"),
        pytest.param(lambda: user(f"{USER}256", "sha256", AUTH, PRIVACY), id="3-sha256"),
    ],
)
async def test_a_real_agent_tells_of_this_machine(snmpd: int, access: Any) -> None:
    values = await once(snmpd, access(), wanted=("lo",))
    assert values["network.up", "vm/lo"] is True
    assert values["network.enabled", "vm/lo"] is True
    told = psutil.net_io_counters(pernic=True)["lo"].bytes_recv
    assert 0.5 * told <= values["network.received", "vm/lo"] <= told + 1e9, "counters of 64 bits"
    assert values["memory.total", "vm"] == pytest.approx(psutil.virtual_memory().total, rel=0.02)
    assert 0 < values["memory.utilization", "vm"] < 1
    assert values["host.uptime", "vm"] == pytest.approx(time.time() - psutil.boot_time(), abs=60)
    assert values["process.count", "vm"] > 1
    assert {where for _, where in values if where.startswith("vm/")} >= {"vm/lo", "vm/root"}


@pytest.mark.system
@pytest.mark.parametrize(
    "access,reason",
    [
        pytest.param(lambda: community("salah"), "No SNMP response", id="community"),
        pytest.param(lambda: user("nobody", "sha", AUTH, PRIVACY), "[Uu]nknown", id="user"),
        pytest.param(lambda: user(USER, "sha", "not-this-one", PRIVACY), "[Ww]rong", id="auth"),
        pytest.param(lambda: user(USER, "sha", AUTH, "not-this-one"), "No SNMP|rypt", id="privacy"),
    ],
)
async def test_whoever_may_not_ask_is_told_so_without_the_secret(
    snmpd: int, access: Any, reason: str
) -> None:
    with pytest.raises(OSError, match=reason) as told:
        await once(snmpd, access())
    assert not [word for word in ("salah", "not-this-one", AUTH) if word in str(told.value)]


@pytest.mark.system
async def test_it_is_chosen_in_the_settings(snmpd: int, tmp_path: Path) -> None:
    (tmp_path / "auth").write_text(AUTH)
    (tmp_path / "privacy").write_text(PRIVACY)
    chosen = Chosen(
        name="switch-1",
        host="127.0.0.1",
        port=snmpd,
        user=USER,
        auth_file=tmp_path / "auth",
        privacy_file=tmp_path / "privacy",
        interfaces=("lo",),
    )
    settings = Settings(interfaces=("lo",), names=(), targets=(), gateway=False, grace=10, snmp=(chosen,))
    async with watching(settings, System(), tmp_path / "home") as sources:
        values = by_name(await sources.read())
        assert values["source.up", "switch-1"] == 1
        assert ("network.received", "switch-1/lo") in values
        assert ("source.up", "switch-1") not in by_name(await sources.read()), "not due before a minute"


class Tables:
    """Values by name, told as an honest agent does."""

    def __init__(self) -> None:
        self.values: dict[Oid, Any] = {}

    def row(self, index: int, *, since: int = 0, **columns: Any) -> None:
        from pysnmp.proto.rfc1902 import Counter32, Counter64, Integer32, OctetString

        places = {
            "descr": (2, 2, 1, 2),
            "admin": (2, 2, 1, 7),
            "oper": (2, 2, 1, 8),
            "narrow": (2, 2, 1, 10),
            "narrow_out": (2, 2, 1, 16),
            "wide": (31, 1, 1, 1, 6),
            "wide_out": (31, 1, 1, 1, 10),
            "since": (31, 1, 1, 1, 19),
        }
        kinds = {"descr": OctetString, "narrow": Counter32, "narrow_out": Counter32}
        kinds |= {"wide": Counter64, "wide_out": Counter64}
        for column, value in {**columns, "since": since}.items():
            self.values[*MIB, *places[column], index] = kinds.get(column, Integer32)(value)

    def uptime(self, hundredths: int) -> None:
        from pysnmp.proto.rfc1902 import TimeTicks

        self.values[*MIB, 1, 3, 0] = TimeTicks(hundredths)

    def answer(self, names: Sequence[Oid], repetitions: int) -> list[tuple[Oid, Any]]:
        from pysnmp.proto.rfc1905 import EndOfMibView, NoSuchObject

        if not repetitions:
            return [(name, self.values.get(name, NoSuchObject(""))) for name in names]
        found = []
        cursors = list(names)
        for _ in range(repetitions):
            for number, cursor in enumerate(cursors):
                later = min((oid for oid in self.values if oid > cursor), default=None)
                found.append((cursor, EndOfMibView("")) if later is None else (later, self.values[later]))
                cursors[number] = later or cursor
        return found


async def test_counters_become_rates_over_wraps_and_not_over_restarts() -> None:
    tables, clock = Tables(), Fake()
    tables.uptime(100_000)
    with liar(tables.answer) as port:
        source = Snmp("sw", Agent("127.0.0.1", port, community("x")), clock)

        async def look(uptime: int, *, since: int = 0, narrow: int, wide: int) -> dict[str, Any]:
            clock.advance(10)
            tables.uptime(uptime)
            tables.row(1, descr=b"port1", admin=1, oper=2, narrow=narrow, narrow_out=0, since=since)
            tables.row(2, descr=b"port2", admin=2, oper=2, wide=wide, wide_out=0, since=since)
            values = by_name(await source.read())
            return {
                where: value for (metric, where), value in values.items() if metric == "network.rate.received"
            }

        assert await look(100_000, narrow=2**32 - 5_000, wide=2**64 - 2_500) == {}
        assert await look(101_000, narrow=5_000, wide=7_500) == {"sw/port1": 8_000, "sw/port2": 8_000}
        assert await look(500, narrow=100, wide=100) == {}, "the device restarted"
        assert await look(1_500, narrow=1_350, wide=1_350) == {"sw/port1": 1_000, "sw/port2": 1_000}
        assert await look(2_500, narrow=1, wide=1, since=2_400) == {}, "its interfaces began anew"
        assert await look(3_500, narrow=1_251, wide=1_251, since=2_400) != {}
        assert "sw/port2" not in await look(4_500, narrow=2_501, wide=1, since=2_400), "set back, no wrap"
        values = by_name(await source.read())
        assert (values["network.enabled", "sw/port1"], values["network.up", "sw/port1"]) == (True, False)
        assert values["network.enabled", "sw/port2"] is False
        await source.close()


@pytest.mark.parametrize(
    "lie,reason",
    [
        (lambda names, many: [(name, 7) for name in names] * max(many, 1), "circle|SNMP"),
        (lambda names, many: b"\x30\x03junk", "No SNMP response"),
        (lambda names, many: None, "No SNMP response"),
    ],
)
async def test_an_agent_that_lies_or_is_silent_is_an_error(lie: Any, reason: str) -> None:
    from pysnmp.proto.rfc1902 import Integer32

    def answer(names: Sequence[Oid], many: int) -> Any:
        found = lie(names, many)
        return [(name, Integer32(value)) for name, value in found] if isinstance(found, list) else found

    with liar(answer) as port, pytest.raises(OSError, match=reason):
        await once(port, community("x"))


async def test_a_table_without_end_is_cut_off() -> None:
    from pysnmp.proto.rfc1902 import Integer32

    def answer(names: Sequence[Oid], many: int) -> list[tuple[Oid, Any]]:
        if not many:
            return [(name, Integer32(1)) for name in names]
        last = [name[-1] if len(name) > 10 else 0 for name in names]
        roots = [name[:10] if len(name) > 10 else name for name in names]
        rows = range(1, many + 1)
        return [
            ((*root, at + row), Integer32(1)) for row in rows for root, at in zip(roots, last, strict=True)
        ]

    with liar(answer) as port:
        agent = Agent("127.0.0.1", port, community("x"))
        with pytest.raises(OSError, match="more than 512 rows"):
            await agent.table({"a": (*MIB, 2, 2, 1, 2), "b": (*MIB, 2, 2, 1, 7)})
        agent.close()
