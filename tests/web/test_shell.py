"""One policy, one look and one kind of error for every package's contribution."""

import re
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from contracts.errors import Refused
from runtime.clock import Fake
from runtime.service import Part
from tests.fixtures.stage import Stage
from tests.fixtures.standins import Away
from web import access, shell
from web.contribution import Contribution
from web.errors import Clash, NotBuilt
from web.security import HEADERS

PAGES = ["/", "/insiden", "/api/v1/incidents", "/healthz", "/nowhere", "/api/v1/nowhere"]


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_policy(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_over_tls_browsers_are_told_to_stay_there(stage: Stage, client: TestClient) -> None:
    name = "strict-transport-security"
    assert name not in client.get("/healthz").headers
    assert "max-age" in TestClient(stage.app(), base_url="https://testserver").get("/healthz").headers[name]


def test_pages_hold_nothing_inline(client: TestClient) -> None:
    page = client.get("/").text
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]+src=)", page)


def test_static_files_are_kept_for_ever_under_their_version(client: TestClient) -> None:
    page = client.get("/").text
    address = re.search(r'"(/static/\w{12}/web/look\.css)"', page)
    assert address
    kept = client.get(address[1])
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.headers["content-type"].startswith("text/css")
    assert kept.headers["content-encoding"] == "gzip"
    other = client.get("/static/000000000000/web/look.css", headers={"accept-encoding": "identity"})
    assert other.headers["cache-control"] == "no-cache"
    assert "content-encoding" not in other.headers
    assert other.content == kept.content
    assert client.get("/static/000000000000/web/../shell.py").status_code == 404
    assert client.get("/static/000000000000/web/none.css").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "http://evil.example"}],
)
def test_a_write_that_another_site_starts_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/api/v1/incidents/TGI-2026-000001/acknowledge", headers=headers)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["value"] == next(iter(headers.values()))


def test_our_own_pages_and_tools_may_write(client: TestClient) -> None:
    for headers in ({"sec-fetch-site": "same-origin", "origin": "http://testserver"}, {}):
        headers |= {"if-match": "*"}
        answer = client.post("/api/v1/incidents/TGI-2026-000001/acknowledge", headers=headers)
        assert answer.status_code == 404  # let through: there is no such incident


def test_other_names_are_not_answered(client: TestClient) -> None:
    answer = client.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


def test_health_tells_each_part(stage: Stage, client: TestClient) -> None:
    stage.parts.append(Part(name="broker", ok=True, reason="", since=1))
    assert client.get("/readyz").json()["ok"] is True
    stage.parts.append(Part(name="store", ok=False, reason="disk full", since=2))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"][1] == {"name": "store", "ok": False, "reason": "disk full", "since": 2}
    assert client.get("/healthz").status_code == 200
    assert "imm_probe_seconds_bucket" in client.get("/metrics").text


def test_the_openapi_document_is_whole(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json").json()
    schemas = document["components"]["schemas"]
    refs = set(_refs(document))
    assert {ref.rpartition("/")[2] for ref in refs} <= set(schemas)
    assert all(ref.startswith("#/components/schemas/") for ref in refs)
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    assert not any("HTTPValidationError" in ref or "x-" in ref for ref in refs)
    for one in operations:
        assert one["summary"]
        assert "4XX" in one["responses"], one["operationId"]


def test_two_packages_of_one_name_clash(tmp_path: Path, clock: Fake) -> None:
    twins = [Contribution(name="twin", folder=tmp_path) for _ in range(2)]
    stage = Stage(f"sqlite:///{tmp_path / 'city.sqlite'}", clock, extra=twins)
    with pytest.raises(Clash, match="twin"):
        stage.app()
    stage.close()


def test_a_front_end_that_is_not_built_says_how(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "_BUILT", ("build/htmx.js", "build/missing.js"))
    with pytest.raises(NotBuilt, match="make setup"):
        stage.app()


class TestErrors:
    @pytest.fixture
    def client(self, tmp_path: Path, clock: Fake) -> Any:
        routes = APIRouter(dependencies=[access.public()])

        @routes.get("/api/fail/{kind}")
        @routes.get("/fail/{kind}")
        def fail(kind: str) -> None:
            raise {
                "refused": Refused("speed", "9\x1b[2J", "at most 8"),
                "away": Away("the store is away"),
                "bug": RuntimeError("secret of the inside"),
            }[kind]

        routes.get("/api/number/{number}")(_number)
        contribution = Contribution(name="failing", routers=(routes,))
        stage = Stage(f"sqlite:///{tmp_path / 'city.sqlite'}", clock, extra=[contribution])
        with TestClient(stage.app(), raise_server_exceptions=False) as client:
            yield client
        stage.close()

    def test_a_refusal_names_field_value_and_reason(self, client: TestClient) -> None:
        answer = client.get("/api/fail/refused")
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json() == {
            "title": "Unprocessable Entity",
            "status": 422,
            "detail": "speed: at most 8 (got 9\\x1b[2J)",
            "cure": "Change the fields that `errors` names.",
            "errors": [{"field": "speed", "value": "9\\x1b[2J", "reason": "at most 8"}],
        }

    def test_so_does_a_wrong_parameter(self, client: TestClient) -> None:
        answer = client.get("/api/number/many")
        assert answer.status_code == 422
        (fault,) = answer.json()["errors"]
        assert (fault["field"], fault["value"]) == ("number", "many")
        assert "integer" in fault["reason"]

    def test_a_known_error_has_its_status(self, client: TestClient) -> None:
        answer = client.get("/api/fail/away")
        assert (answer.status_code, answer.json()["detail"]) == (503, "the store is away")

    def test_an_error_of_ours_tells_nothing_of_the_inside(self, client: TestClient) -> None:
        answer = client.get("/api/fail/bug")
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert answer.headers["content-type"] == "application/problem+json"

    def test_the_log_names_the_route_and_not_what_the_address_holds(
        self, client: TestClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert client.get("/fail/bug").status_code == 500
        assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == [
            "GET /fail/{kind} failed"
        ]

    @pytest.mark.parametrize(
        "kind, status, said",
        [
            ("refused", 422, ("Ada yang belum benar", "at most 8")),
            ("away", 503, ("Sedang tidak tersedia", "the store is away")),
            ("bug", 500, ("Ini tidak berhasil", "beri tahu operator")),
            ("none/such", 404, ("Halaman ini tidak ada",)),
        ],
    )
    def test_a_person_gets_a_page_that_says_what_to_do(
        self, client: TestClient, kind: str, status: int, said: tuple[str, ...]
    ) -> None:
        answer = client.get(f"/fail/{kind}", headers={"accept": "text/html"})
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        assert "secret" not in answer.text
        for words in (*said, "Kembali ke awal"):
            assert words in answer.text


def _number(number: int) -> int:
    return number


def _refs(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [
            *([node["$ref"]] if isinstance(node.get("$ref"), str) else []),
            *(ref for child in node.values() for ref in _refs(child)),
        ]
    return [ref for child in node for ref in _refs(child)] if isinstance(node, list) else []
