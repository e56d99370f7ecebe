"""What the API says of itself: every operation has examples, and they are what its schemas say."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from fastapi.testclient import TestClient

from tests.fixtures.whole import Whole


@pytest.fixture(scope="module")
def document(whole: Whole) -> dict[str, Any]:
    found: dict[str, Any] = TestClient(whole.app()).get("/api/v1/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def examples(content: dict[str, Any]) -> list[Any]:
    """Of one media type."""
    several = [one["value"] for one in content.get("examples", {}).values()]
    return [content["example"], *several] if "example" in content else several


def check(document: dict[str, Any], schema: dict[str, Any], example: Any) -> None:
    whole = {"components": document["components"], **schema}
    jsonschema.Draft202012Validator(whole).validate(example)


def shown(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], list[Any]]]:
    """Where an example must stand, its schema, and what stands there."""
    for status, answer in operation["responses"].items():
        for kind, content in answer.get("content", {}).items():
            yield f"{status} {kind}", content["schema"], examples(content)
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"body {kind}", content["schema"], examples(content)
    for one in operation.get("parameters", []):
        if one["required"]:
            yield one["name"], one["schema"], one["schema"].get("examples", [])


def test_every_operation_has_examples_that_are_true(document: dict[str, Any]) -> None:
    without = []
    for name, operation in operations(document):
        for where, schema, found in shown(operation):
            if not found:
                without.append(f"{name}: {where}")
            for example in found:
                check(document, schema, example)
    assert without == []


def test_an_example_that_is_not_true_is_found(document: dict[str, Any]) -> None:
    schema = document["paths"]["/api/v1/incidents/{number}"]["get"]["responses"]["200"]["content"]
    content = schema["application/json"]
    with pytest.raises(jsonschema.ValidationError):
        check(document, content["schema"], content["example"] | {"state": "gone"})


def test_every_operation_says_who_may_and_what_may_go_wrong(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation["x-access"], name
        assert {"4XX", "5XX"} <= operation["responses"].keys(), name
    assert document["openapi"].startswith("3.1")
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in document["components"]["schemas"])


# Steps after which the record is as they say, whatever it was before: nobody's change is lost by them.
WHOLE = {
    "POST /api/v1/webhooks/{webhook}/pause",
    "POST /api/v1/webhooks/{webhook}/activate",
    "POST /api/v1/webhooks/{webhook}/rewind",
}


def headers(operation: dict[str, Any]) -> set[str]:
    return {one["name"] for one in operation.get("parameters", []) if one["in"] == "header"}


def test_what_is_changed_says_which_state_was_seen(document: dict[str, Any]) -> None:
    tagged = {
        name: headers(operation)
        for name, operation in operations(document)
        if any("ETag" in answer.get("headers", ()) for answer in operation["responses"].values())
    }
    assert any(name.startswith("GET") for name in tagged)
    for name, taken in tagged.items():
        if name not in WHOLE and not name.startswith("GET"):
            assert taken & {"if-match", "idempotency-key"}, f"{name}: take web.etags.Seen"
    updates = {
        name: headers(one) for name, one in operations(document) if name.split()[0] in {"PUT", "PATCH"}
    }
    assert [name for name, taken in updates.items() if "if-match" not in taken] == []
    assert tagged.keys() >= WHOLE


def test_what_makes_something_takes_a_key(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        if name.startswith("POST") and "201" in operation["responses"]:
            assert "idempotency-key" in headers(operation), f"{name}: take web.once.Required or Honoured"
