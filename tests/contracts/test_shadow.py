"""Desired and reported state survive the way; their difference is exact and knows its age and reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import settables, shadow
from contracts.errors import Refused
from contracts.shadow import Desired, Reported
from contracts.topics import Kind

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
PARTS = st.text(max_size=5)
VALUES = st.one_of(
    NUMBERS,
    st.booleans(),
    st.text(max_size=10),
    st.lists(PARTS, max_size=3),
    st.dictionaries(PARTS, st.dictionaries(PARTS, NUMBERS, max_size=2), max_size=2),
)
TABLES = st.dictionaries(NAMES, VALUES, max_size=5)
NOW = 1_790_000_000_000_000


@given(TABLES, st.integers(0, 2**31 - 2), st.integers(0, 2**62))
def test_desired_round_trip(values: dict[str, Any], version: int, time: int) -> None:
    desired = Desired(version=version, values=values, time=time)
    assert shadow.decode_desired(shadow.encode(desired)) == desired


@given(TABLES, st.dictionaries(NAMES, PARTS, max_size=3), st.integers(0, 2**30))
def test_reported_round_trip(values: dict[str, Any], refused: dict[str, str], version: int) -> None:
    reported = Reported(version=version, values=values, refused=refused, time=NOW)
    assert shadow.decode_reported(shadow.encode(reported)) == reported


@given(st.binary(max_size=100))
def test_any_bytes_are_refused(payload: bytes) -> None:
    for decode in (shadow.decode_desired, shadow.decode_reported):
        with pytest.raises(Refused):
            decode(payload)


@given(TABLES, TABLES)
def test_the_delta_is_what_differs_and_nothing_else(values: dict[str, Any], held: dict[str, Any]) -> None:
    reported = Reported(version=3, values=held, time=NOW)
    found = shadow.delta(values, dict.fromkeys(values, NOW - 5), version=3, reported=reported, now=NOW)
    assert {one.key for one in found} == {
        key for key, value in values.items() if key not in held or not shadow.same(value, held[key])
    }
    assert all(one.age == 5 and one.reason == "differs" for one in found)
    again = Reported(version=3, values=held | values, time=NOW)
    assert shadow.delta(values, {}, version=3, reported=again, now=NOW) == ()


def test_each_difference_says_why() -> None:
    def reason(reported: Reported | None) -> tuple[str, str]:
        (found,) = shadow.delta({"volume": 5}, {"volume": 1}, version=4, reported=reported, now=11)
        assert (found.since, found.age) == (1, 10)
        return found.reason, found.why

    assert reason(None)[0] == "unseen"
    assert reason(Reported(version=3, values={}, time=1)) == (
        "waiting",
        "the device has dealt with version 3 of 4",
    )
    no = Reported(version=4, values={"volume": 7}, refused={"volume": "there is no loudspeaker"}, time=1)
    assert reason(no) == ("refused", "there is no loudspeaker")
    assert reason(Reported(version=4, values={"volume": 7}, time=1))[0] == "differs"
    assert reason(Reported(version=4, values={"volume": True}, time=1))[0] == "differs"


@pytest.mark.parametrize(
    "kind,key,value",
    [
        (Kind.KIOSK, "period", 0.5),
        (Kind.KIOSK, "period", True),
        (Kind.KIOSK, "period", float("nan")),
        (Kind.KIOSK, "volume", 10.5),
        (Kind.KIOSK, "volume", "10"),
        (Kind.KIOSK, "screen-on", "24:00"),
        (Kind.KIOSK, "encoding", "xml"),
        (Kind.KIOSK, "encoding", []),
        (Kind.KIOSK, "metrics", ["a/b"]),
        (Kind.KIOSK, "metrics", ["a"] * 201),
        (Kind.KIOSK, "thresholds", {"host.cpu": {}}),
        (Kind.KIOSK, "thresholds", {"host.cpu": {"above": "hot"}}),
        (Kind.KIOSK, "thresholds", {"host.cpu": {"above": 90, "seconds": -1}}),
        (Kind.KIOSK, "thresholds", {"host.cpu": {"above": 90, "colour": 1}}),
        (Kind.WIFI, "volume", 10),
        (Kind.WIFI, "visitors", 1),
        (Kind.SENSOR, "period", 10),
    ],
)
def test_what_a_kind_may_not_have_is_refused_by_its_name(kind: Kind, key: str, value: Any) -> None:
    with pytest.raises(Refused) as refused:
        shadow.checked(kind, {key: value})
    assert refused.value.field == key


def test_what_it_may_have_is_taken() -> None:
    given_ = {
        "period": 5,
        "volume": 30,
        "screen-on": "05:30",
        "metrics": ["host.cpu"],
        "thresholds": {"host.temperature": {"above": 80, "seconds": 60}},
    }
    assert shadow.checked(Kind.KIOSK, given_) == given_
    assert shadow.checked(Kind.WIFI, {"visitors": True}) == {"visitors": True}


def test_every_key_has_a_title_in_both_languages() -> None:
    keys = [key for known in settables.KEYS.values() for key in known.values()]
    assert all(key.title.id and key.title.en for key in keys)
