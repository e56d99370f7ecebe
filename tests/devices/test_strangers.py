"""Whoever is let in by nobody, at the API itself: guessed codes, and names that would mean many."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from contracts.enrolment import ALPHABET, HANDLE, SYMBOLS
from devices.settings import Throttle
from tests.devices.ca.makers import csr
from tests.fixtures.whole import Whole


@pytest.fixture(scope="module")
def api(whole: Whole) -> Iterator[TestClient]:
    with TestClient(whole.app(), client=("10.9.8.7", 5_000)) as client:
        yield client


def test_who_guesses_codes_has_to_wait_longer_and_longer(api: TestClient) -> None:
    request = csr("kiosk-07")
    answers = []
    for number in range(Throttle().address + 2):
        handle = ALPHABET[number % 32] * HANDLE
        body = {"code": handle + "0" * (SYMBOLS - HANDLE), "csr": request}
        answers.append(api.post("/api/v1/enrolments", json=body))
    *wrong, last = answers
    assert {one.status_code for one in wrong} == {403}
    assert len({one.json()["detail"] for one in wrong}) == 1, "it says the same of all"
    assert last.status_code == 429
    assert int(last.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    "name", ["+", "#", "kiosk/+", "kiosk-#", "a/b", "$SYS", "a\u0000", "\u00e9", "", " "]
)
def test_a_name_that_would_mean_many_is_nobodys(api: TestClient, name: str) -> None:
    for field in ("device", "site"):
        plan = {"device": "kiosk-99", "kind": "kiosk", "site": "bima", field: name}
        key = f"{field}-{name.encode().hex()}"
        answer = api.post("/api/v1/devices", json=plan, headers={"Idempotency-Key": key})
        assert answer.status_code == 422, answer.text
        assert field in answer.text
