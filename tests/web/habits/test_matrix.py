"""Every operation tried with every role and with none: only what the API declares as `x-access` passes."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi import Request
from fastapi.testclient import TestClient

from city.identity import roles
from city.identity.caller import SYSTEM, Caller, Kind
from city.identity.roles import Catalogue, Role
from tests.fixtures.whole import Whole
from web import access, problems
from web.errors import Anonymous
from web.roles import ROLES

NOBODY = "nobody"  # not signed in
BARE = "bare"  # signed in, no role
MACHINE = "machine"  # an app whose key has no scope


def everyone(catalogue: Catalogue) -> dict[str, Caller]:
    """A caller for each role, and the three without."""
    found = {
        NOBODY: catalogue.anonymous(),
        BARE: Caller(kind=Kind.PERSON, id=BARE, name="Sri", strong=True, strong_at=2**62),
        MACHINE: Caller(kind=Kind.APP, id=MACHINE, name="layar"),
        "system": SYSTEM,
    }
    for role in catalogue.list():
        name = f"{role.programme}/{role.name}"
        reach: Mapping[str, None] = dict.fromkeys(role.permissions)
        found[name] = Caller(kind=Kind.PERSON, id=name, name="Sri", strong=True, reach=reach)
    return found


@pytest.fixture(scope="module")
def callers(whole: Whole) -> dict[str, Caller]:
    brought: list[Role] = [role for one in whole.assembly.contributions for role in one.roles]
    return everyone(Catalogue((*roles.ROLES, *ROLES, *brought)))


@pytest.fixture(scope="module")
def client(whole: Whole, callers: dict[str, Caller]) -> Iterator[TestClient]:
    async def identify(request: Request) -> access.Known:
        return access.Known(caller=callers[request.headers["x-caller"]])

    with TestClient(whole.app(identify), raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


def operations(client: TestClient) -> dict[tuple[str, str], tuple[str, dict[str, Any]]]:
    """(Method, path) → who may, and the operation: of the API by its document, of pages by the router."""
    app: Any = client.app
    document = app.openapi()
    found = {
        (method.upper(), path): (operation["x-access"], operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    for route, asked in access.declared(app.routes):
        for method in route.methods or ():
            found.setdefault((method, route.path_format or ""), (asked.who, {}))
    return found


def address(path: str, operation: dict[str, Any]) -> str:
    """The path with its examples filled in."""
    for one in operation.get("parameters", ()):
        if one["in"] == "path":
            path = path.replace("{" + one["name"] + "}", str(one["schema"].get("examples", ["x"])[0]))
    while "{" in path:
        path = path[: path.index("{")] + "x" + path[path.index("}") + 1 :]
    return path


def passes(client: TestClient, method: str, path: str, operation: dict[str, Any], name: str) -> bool:
    """Whether access lets a caller through; what the route says then does not matter here."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    headers = {"x-caller": name, "accept": "application/json", "if-match": "*", "idempotency-key": "one"}
    answer = client.request(method, address(path, operation), headers=headers, json=content.get("example"))
    if answer.headers.get("content-type") != problems.CONTENT_TYPE:
        return True
    problem = answer.json()
    if answer.status_code == 401:  # a wrong password is refused so as well, by the route itself
        return bool(problem["detail"] != str(Anonymous()))
    return answer.status_code != 403 or not any(one["field"] == "permission" for one in problem["errors"])


def may(who: str, caller: Caller) -> bool:
    if who == access.PUBLIC:
        return True
    return caller.kind != Kind.ANONYMOUS if who == access.SIGNED_IN else caller.may(who)


def test_only_what_is_declared_passes(client: TestClient, callers: dict[str, Caller]) -> None:
    wrong = []
    tried = operations(client)
    for (method, path), (who, operation) in tried.items():
        if path == "/api/v1/events":
            names = [
                name for name, caller in callers.items() if not may(who, caller)
            ]  # a stream does not end
        else:
            names = list(callers)
        for name in names:
            found = passes(client, method, path, operation, name)
            if found is not may(who, callers[name]):
                wrong.append((method, path, who, name, "passes" if found else "is refused"))
    assert wrong == []
    assert len(tried) >= 30
    assert {access.PUBLIC, access.SIGNED_IN} <= {who for who, _ in tried.values()}


def test_every_permission_is_someones(client: TestClient, callers: dict[str, Caller]) -> None:
    asked = {who for who, _ in operations(client).values()} - {access.PUBLIC, access.SIGNED_IN}
    held = {permission for caller in callers.values() for permission in caller.reach}
    assert asked <= held, "no role brings these"
