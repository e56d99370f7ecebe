"""Site keys travel, and no record of one prints what it is."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import sitekeys
from contracts.errors import Refused
from contracts.instants import DAY, from_datetime, to_datetime
from contracts.sitekeys import Answer, Ask, Key, Refusal

ID = "0123456789abcdef"
SECRET = bytes(range(32))


def a_key(**rest: object) -> Key:
    return Key(**{"site": "bima", "day": "2026-11-30", "id": ID, "secret": SECRET, **rest})  # type: ignore[arg-type]


def test_a_key_travels_and_is_not_printed() -> None:
    answer = Answer(keys=(a_key(), a_key(day="2026-12-01", id="f" * 16, secret=b"")))
    line = sitekeys.encode(answer)
    assert line.endswith(b"\n")
    assert len(line) < sitekeys.LONGEST
    assert sitekeys.decode_answer(line) == answer
    for shown in (repr(answer), str(a_key()), f"{a_key()}"):
        assert ID in shown
        assert "secret" not in shown
        assert SECRET.hex() not in shown


def test_questions_and_refusals_travel() -> None:
    ask = Ask(known=(ID,))
    assert sitekeys.decode_ask(sitekeys.encode(ask)) == ask
    refusal = Refusal(reason="rate", text="asked too often", after=30.0)
    assert sitekeys.decode_answer(sitekeys.encode(refusal)) == refusal


@given(st.binary(max_size=200).filter(lambda line: b"{" not in line))  # `{}` is a question
def test_what_is_no_message_is_refused_and_an_answer_never_shown(line: bytes) -> None:
    with pytest.raises(Refused):
        sitekeys.decode_ask(line)
    with pytest.raises(Refused) as caught:
        sitekeys.decode_answer(line)
    assert caught.value.value == f"{len(line)} bytes"


@pytest.mark.parametrize(
    "wrong",
    [{"site": "Bima"}, {"day": "30-11-2026"}, {"day": "2026-13-01"}, {"id": "xyz"}, {"secret": b"short"}],
)
def test_a_wrong_field_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Refused):
        a_key(**wrong)
    with pytest.raises(Refused):
        sitekeys.decode_ask(b'{"type":"ask","known":["%s"]}' % (b"x" * 16))
    with pytest.raises(Refused):
        sitekeys.decode_ask(sitekeys.encode(Ask(known=(ID,) * 9)))


@given(st.integers(0, 4_000_000_000_000_000))
def test_a_day_is_jakartas(time: int) -> None:
    local = to_datetime(time).astimezone(ZoneInfo("Asia/Jakarta"))
    if local.year < 1970:
        return
    day = sitekeys.day_of(time)
    assert day == local.date().isoformat()
    first, last = sitekeys.bounds(day)
    assert first <= time < last
    assert last - first == DAY
    midnight = datetime.combine(local.date(), datetime.min.time(), ZoneInfo("Asia/Jakarta"))
    assert first == from_datetime(midnight)
