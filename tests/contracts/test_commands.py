"""Commands and results survive the way; arguments that break their type are refused by name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import commands
from contracts.commands import Command, Result, State, Type
from contracts.errors import Refused

IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
TIMES = st.integers(0, 2**61)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
RESULTS = st.builds(
    Result,
    id=IDS,
    number=st.integers(1, 2**31),
    state=st.sampled_from(State),
    time=TIMES,
    progress=st.integers(0, 100),
    value=st.dictionaries(st.text(max_size=5), VALUES, max_size=3),
    reason=st.text(max_size=20),
)
GOOD: dict[Type, dict[str, Any]] = {
    Type.REBOOT: {"delay": 3_600},
    Type.SNAPSHOT: {"source": "camera", "width": 64},
    Type.SET_VOLUME: {"percent": 0},
    Type.SHOW_OVERRIDE: {"text": "Evakuasi ke gerbang barat", "seconds": 60, "media": "evakuasi-1"},
    Type.RUN_DIAGNOSTICS: {"checks": ["disk", "clock"]},
    Type.COLLECT_LOGS: {"lines": 2_000, "level": "warning"},
    Type.ROTATE_KEY: {},
    Type.INSTALL_CERTIFICATE: {"chain": "-----BEGIN CERTIFICATE-----"},
    Type.UPDATE_AGENT: {"version": "1.2.0rc1", "sha256": "0" * 64},
}


@given(st.sampled_from(Type), IDS, TIMES, st.integers(0, 2**61))
def test_command_round_trip(type_: Type, key: str, issued: int, lasts: int) -> None:
    what = commands.what(type_, GOOD[type_])
    command = Command(id=key, what=what, issued=issued, expires=issued + lasts, by="someone")
    assert commands.decode(commands.encode(command)) == command
    assert command.type == type_
    assert commands.what(type_, commands.arguments(what)) == what


@given(RESULTS)
def test_result_round_trip(result: Result) -> None:
    assert commands.decode_result(commands.encode(result)) == result


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    for decode in (commands.decode, commands.decode_result):
        with pytest.raises(Refused):
            decode(payload)


@pytest.mark.parametrize(
    "type_,arguments",
    [
        ("reboot", {"delay": 3_601}),
        ("reboot", {"delay": "soon"}),
        ("reboot", {"now": True}),
        ("set-volume", {}),
        ("set-volume", {"percent": 101}),
        ("set-volume", {"percent": 50.5}),
        ("show-override", {"text": ""}),
        ("show-override", {"text": "x" * 501}),
        ("run-diagnostics", {"checks": ["../etc"]}),
        ("collect-logs", {"lines": 0}),
        ("install-certificate", {"chain": ""}),
        ("update-agent", {"version": "-rf"}),
        ("update-agent", {"version": "1", "sha256": "beef"}),
        ("reboot", {"type": "snapshot"}),
        ("format-disk", {}),
    ],
)
def test_bad_arguments_are_refused(type_: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        commands.what(type_, arguments)
    assert refused.value.field in {"arguments", "type"}


def test_each_type_has_its_record() -> None:
    assert set(commands.KINDS) == set(Type) == set(GOOD)
    for type_, arguments in GOOD.items():
        assert isinstance(commands.what(type_, arguments), commands.KINDS[type_])


def test_a_command_that_expired_before_it_was_issued_is_refused() -> None:
    command = Command(id="a", what=commands.Reboot(), issued=2, expires=1)
    with pytest.raises(Refused, match="expires"):
        commands.decode(commands.encode(command))


def test_a_result_too_large_to_travel_is_refused_on_both_ends() -> None:
    result = Result(id="a", number=1, state=State.DONE, time=1, value={"log": "x" * commands.LARGEST})
    with pytest.raises(Refused, match="at most"):
        commands.encode(result)
    with pytest.raises(Refused, match="at most"):
        commands.decode_result(b"x" * (commands.LARGEST + 1))
