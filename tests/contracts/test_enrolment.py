"""Claims as text: what one writes another reads, however it was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import enrolment
from contracts.enrolment import ALPHABET, Claim
from contracts.errors import Refused

codes = st.text(ALPHABET, min_size=16, max_size=16)
servers = st.sampled_from(["", "https://imm.example.id", "http://127.0.0.1:8600", "https://[::1]:8/a b"[:16]])
pins = st.sampled_from(["", "0a" * 32])


@given(codes, servers, pins)
def test_read_is_the_inverse_of_write(code: str, server: str, pin: str) -> None:
    claim = Claim(code=code, server=server, pin=pin)
    assert enrolment.parse(enrolment.text(claim)) == claim


@given(codes, st.data())
def test_a_code_is_read_however_it_is_typed(code: str, data: st.DataObject) -> None:
    alike = {"1": "1IiLl", "0": "0Oo"}
    typed = "".join(data.draw(st.sampled_from(alike.get(one, one + one.lower()))) for one in code)
    assert enrolment.code(f" {typed[:4]} {typed[4:9]}-{typed[9:]}\n") == code


@given(st.text(max_size=40))
def test_nothing_else_is_a_code(text: str) -> None:
    with pytest.raises(Refused) as refused:
        enrolment.code(f"{text}#")
    assert refused.value.value == "(not shown)"


@pytest.mark.parametrize(
    "line, field",
    [
        ("imm-enrol:7K3MQ9XT2VBWH4PD?server=ftp://x", "server"),
        ("imm-enrol:7K3MQ9XT2VBWH4PD?server=https://u:p@x", "server"),
        ("imm-enrol:7K3MQ9XT2VBWH4PD?server=https://x:99999", "server"),
        ("imm-enrol:7K3MQ9XT2VBWH4PD?pin=12", "pin"),
        ("imm-enrol:7K3MQ9XT2VBWH4PD?pin", "claim"),
        ("imm-enrol:7K3M", "code"),
        ("7K3MQ9XT2VBWH4PU", "code"),
        ("x" * 2_000, "claim"),
    ],
)
def test_what_is_wrong_is_named(line: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        enrolment.parse(line)
    assert refused.value.field == field
