"""Whatever is sent, nothing is a failure of ours, and every answer is one that the API declares."""

from contextlib import suppress
from typing import Any, Final

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from tests.fixtures.whole import Whole

# A stream does not end: what it refuses is tried in test_sse.
STREAMS: Final = {"/api/v1/events"}
ALL: Final = 240  # requests, about: a bound on time; derandomised, so that a failure comes again
LEAST: Final = 3  # of an operation, valid ones and others each
CHECKS: Final = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


def test_nothing_breaks_it(whole: Whole) -> None:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", whole.app())
    operations: list[Any] = []
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operations.append(result.ok())
    each = max(LEAST, ALL // (len(operations) * len(GenerationMode)))
    statuses: set[int] = set()
    for operation in operations:
        if operation.path not in STREAMS:
            for mode in GenerationMode:
                attack(operation, mode, each, statuses)
    assert {200, 404, 422, 428} <= statuses


def attack(operation: Any, mode: GenerationMode, each: int, statuses: set[int]) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=each,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def once(case: Case[Any]) -> None:
        answer = case.call_and_validate(checks=CHECKS)
        statuses.add(answer.status_code)

    with suppress(Unsatisfiable):  # nothing can be wrong where nothing is asked
        once()
