"""Cursors, instants, figures, and who acts."""

import base64
from contextlib import suppress

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from contracts import instants
from contracts.errors import Refused
from tests.fixtures.stage import Stage, alert
from web import figures, paging
from web.language import Language

ID, EN = Language.INDONESIAN, Language.ENGLISH


@given(st.integers(-(2**53), 2**53), st.text(max_size=60))
def test_a_cursor_comes_back_as_it_went(time: int, name: str) -> None:
    assert paging.place(paging.cursor(time, name), tuple[int, str]) == (time, name)


@given(st.text(max_size=60))
def test_a_foreign_cursor_is_refused_or_harmless(text: str) -> None:
    with suppress(Refused):
        time, name = paging.place(text, tuple[int, str])
        assert isinstance(time, int)
        assert isinstance(name, str)


@given(st.binary(max_size=30))
def test_so_is_one_of_garbage_bytes(raw: bytes) -> None:
    with pytest.raises(Refused):
        paging.place(base64.urlsafe_b64encode(b"!" + raw).decode(), tuple[int, str])


@pytest.mark.parametrize(
    "text, micros",
    [
        ("0", 0),
        ("1790000000000000", 1_790_000_000_000_000),
        ("2026-11-24T08:00:00+07:00", instants.from_rfc3339("2026-11-24T01:00:00Z")),
        ("2026-11-24T08:00:00 07:00", instants.from_rfc3339("2026-11-24T01:00:00Z")),
        ("2026-11-24 01:00:00Z", instants.from_rfc3339("2026-11-24T01:00:00Z")),
    ],
)
def test_instants_as_clients_write_them(text: str, micros: int) -> None:
    assert paging.instant("start", text) == micros


@pytest.mark.parametrize("text", ["yesterday", "2026-11-24T08:00:00", "٣", "9" * 5_000, "--1"])
def test_other_instants_are_refused(text: str) -> None:
    with pytest.raises(Refused, match="start"):
        paging.instant("start", text)


@pytest.mark.parametrize(
    "value, unit, indonesian, english",
    [
        (0.2314, "/", "23,1 %", "23.1 %"),
        (1_234_567.0, "count", "1.234.567", "1,234,567"),
        (3.1e9, "B", "3,1 GB", "3.1 GB"),
        (0.0, "B", "0 B", "0 B"),
        (-2_500.0, "B", "-2,5 kB", "-2.5 kB"),
        (27.456, "Cel", "27,46 °C", "27.46 °C"),
        (True, "", "True", "True"),
        ("a\x1bb", "", "a\\x1bb", "a\\x1bb"),
        (float("inf"), "ms", "–", "–"),
    ],
)
def test_values_as_people_write_them(value: object, unit: str, indonesian: str, english: str) -> None:
    assert figures.measure(value, unit, ID) == indonesian
    assert figures.measure(value, unit, EN) == english


@pytest.mark.parametrize(
    "seconds, indonesian, english",
    [(-5, "0 dtk", "0 sec"), (59.9, "59 dtk", "59 sec"), (60, "1 mnt", "1 min"), (7200, "2 j", "2 hr")],
)
def test_ages(seconds: float, indonesian: str, english: str) -> None:
    micros = instants.from_seconds(seconds)
    assert figures.duration(micros, ID) == indonesian
    assert figures.duration(micros, EN) == english


def test_moments_are_local() -> None:
    micros = instants.from_rfc3339("2026-11-24T16:30:05Z")
    assert figures.moment(micros, ID) == "24 Nov 2026 23:30:05 WIB"


def test_who_acts_is_who_is_signed_in(stage: Stage, client: TestClient) -> None:
    stage.alerts.alerts["alert-1"] = alert(stage.clock, 1)
    headers = {"x-imm-actor": "Budi"}
    client.post(
        "/peringatan/alert-1/acknowledge", headers=headers, data={"by": "Budi"}, follow_redirects=False
    )
    assert stage.alerts.get("alert-1").acknowledged_by == "Sri Wahyuni"
