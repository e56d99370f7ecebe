"""A form gives back what was typed, and says all that is wrong at once, in both languages."""

from enum import StrEnum
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from contracts import instants
from contracts.errors import Refused
from web import forms
from web.forms import Form, Reading


class Colour(StrEnum):
    RED = "red"


def read(method: str, value: str, **options: Any) -> tuple[object, bool]:
    reading = Reading(Form(values={"it": (value,)}))
    found = getattr(reading, method)("it", **options)
    fault = reading.faults.get("it")
    assert fault is None or (fault.id and fault.en)
    return found, fault is None


@pytest.mark.parametrize(
    "method, value, options, found",
    [
        ("text", "  Sri\x00 Wahyuni ", {"most": 80}, "Sri Wahyuni"),
        ("text", "baris\nkedua", {"most": 80}, "baris\nkedua"),
        ("text", "", {"most": 80, "least": 0}, ""),
        ("number", " 12 ", {"least": 1, "most": 50}, 12),
        ("number", "-3", {"least": -5, "most": 5}, -3),
        ("choice", "red", {"kind": Colour}, Colour.RED),
        ("choice", "", {"kind": Colour, "needed": False}, None),
        ("moment", "2026-11-24T08:00", {}, instants.from_rfc3339("2026-11-24T01:00:00Z")),
        ("moment", "2026-11-24T08:00:30", {}, instants.from_rfc3339("2026-11-24T01:00:00Z")),
        ("moment", "", {"needed": False}, None),
    ],
)
def test_what_is_right(method: str, value: str, options: dict[str, Any], found: object) -> None:
    assert read(method, value, **options) == (found, True)


@pytest.mark.parametrize(
    "method, value, options",
    [
        ("text", " \x07 ", {"most": 80}),
        ("text", "x" * 81, {"most": 80}),
        ("text", "pendek", {"most": 80, "least": 10}),
        ("number", "", {"least": 1, "most": 50}),
        ("number", "seratus", {"least": 1, "most": 50}),
        ("number", "٣", {"least": 1, "most": 50}),
        ("number", "51", {"least": 1, "most": 50}),
        ("number", "9" * 5_000, {"least": 1, "most": 50}),
        ("choice", "blue", {"kind": Colour}),
        ("choice", "", {"kind": Colour}),
        ("choice", "blue", {"kind": Colour, "needed": False}),
        ("moment", "", {}),
        ("moment", "besok", {"needed": False}),
        ("moment", "2026-11-24", {}),
        ("day", "24-11-2026", {}),
    ],
)
def test_what_is_wrong(method: str, value: str, options: dict[str, Any]) -> None:
    found, right = read(method, value, **options)
    assert not right
    assert found in {"", 0, None}


@given(st.text(max_size=40), st.sampled_from(["text", "number", "moment", "day", "choice"]))
def test_nothing_that_is_typed_breaks_it(value: str, method: str) -> None:
    options: dict[str, dict[str, Any]] = {
        "text": {"most": 20},
        "number": {"least": 0, "most": 9},
        "choice": {"kind": Colour},
    }
    read(method, value, **options.get(method, {}))


def test_local_time_comes_back_as_it_was_typed() -> None:
    micros, _ = read("moment", "2026-11-24T08:00")
    assert isinstance(micros, int)
    assert forms.local(micros) == "2026-11-24T08:00"


def test_a_service_may_refuse_too() -> None:
    form = Form(values={"until": ("x",)}).refused(Refused("until", "x", "in the past"))
    assert form.faults["until"].en == "in the past"
    assert form.refused(Refused("elsewhere", "x", "no")).faults[""].en == "no"


def test_a_page_shows_again_what_was_typed(client: TestClient) -> None:
    typed = {"name": "Sri <b>", "count": "banyak", "story": "lampu\r\npadam di jalan", "topic": "road"}
    page = client.post("/gaya/tanya", data=typed)
    assert page.status_code == 422
    assert 'value="Sri &lt;b&gt;"' in page.text
    assert "lampu\npadam di jalan</textarea>" in page.text
    assert 'value="road" checked' in page.text
    assert 'href="#form-count"' in page.text
    assert 'id="form-count-fault"' in page.text
    assert 'aria-describedby="form-count-help form-count-fault" aria-invalid="true"' in page.text
    assert "Tulis sebagai angka" in page.text
    done = client.post("/gaya/tanya", data=typed | {"count": "3", "due": "2026-11-24T08:00"})
    assert done.status_code == 200
    assert "Terima kasih" in done.text
