"""A link leads to a file: for one caller, a short time, whole or in parts, and never packed."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, select

from city.audit import Trail
from city.audit.history import HISTORY as AUDIT
from city.audit.tables import entries
from city.files import Files, Kind, Links, Settings, Use
from city.files.history import HISTORY
from city.files.links import Keys
from city.files.shelf import open_shelf
from city.identity.caller import SYSTEM
from runtime.clock import Fake
from runtime.ids import factory
from tests.fixtures.stage import Stage
from tests.fixtures.tables import ready
from web import access
from web import files as web

USE = Use(name="test.paper", kinds=tuple(Kind))
BODY = b"kolom;isi\r\n" * 20_000


class Drawer:
    """A vault in memory."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def seal(
        self, tx: Connection, *, kind: str, record: str, subject: str, fields: Mapping[str, Any]
    ) -> None:
        self._kept[record] = msgspec.json.encode(fields)

    def open_many(self, tx: Connection, kind: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        return {one: msgspec.json.decode(self._kept[one]) for one in ids if one in self._kept}

    def forget(self, tx: Connection, kind: str, record: str) -> bool:
        return self._kept.pop(record, None) is not None


class Desk:
    """Files, links and a client."""

    def __init__(self, folder: Path, clock: Fake) -> None:
        url = f"sqlite:///{folder / 'city.sqlite'}"
        self.folder = folder
        self.db = ready(url, [AUDIT, HISTORY])
        shelf = open_shelf(Settings(place=str(folder / "files")))
        self.files = Files(self.db, shelf, Drawer(), clock=clock, ids=factory(clock))
        self.links = Links(Keys(folder / "links"), clock, 60)
        trail = Trail(clock=clock)
        self.stage = Stage(
            url, clock, extra=[web.contribution(self.db, self.files, self.links, trail=lambda _: trail)]
        )

    def kept(self, body: bytes = BODY) -> str:
        draft = self.files.receive(body, USE, "daftar.csv")
        with self.db.begin() as tx:
            return self.files.keep(tx, draft, record="r1", by="p1").id

    def link(self, file: str, holder: str) -> str:
        return f"{web.ROOT}/{self.links.make(file, holder)}"


@pytest.fixture
def desk(tmp_path: Path, clock: Fake) -> Iterator[Desk]:
    desk = Desk(tmp_path, clock)
    yield desk
    desk.stage.close()
    desk.db.close()


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with TestClient(desk.stage.app(resolve=access.itself), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def holder(client: TestClient) -> str:
    """To whom links are bound here: whoever asks is the platform itself."""
    return web.holder(SYSTEM)


def test_it_is_saved(desk: Desk, client: TestClient, holder: str) -> None:
    answer = client.get(desk.link(desk.kept(), holder))
    assert (answer.status_code, answer.content) == (200, BODY)
    assert answer.headers["content-disposition"].startswith('attachment; filename="daftar.csv"')
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-store"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_parts_are_parts(desk: Desk, client: TestClient, holder: str) -> None:
    address = desk.link(desk.kept(), holder)
    answer = client.get(address, headers={"range": "bytes=65530-65545"})
    assert (answer.status_code, answer.content) == (206, BODY[65_530:65_546])
    assert answer.headers["content-range"] == f"bytes 65530-65545/{len(BODY)}"
    assert answer.headers["content-length"] == "16"
    assert client.get(address, headers={"range": f"bytes={len(BODY)}-"}).status_code == 416
    known = {"if-none-match": answer.headers["etag"]}
    assert client.get(address, headers=known).status_code == 304


def test_who_saw_a_personal_file_is_noted_once_a_look(desk: Desk, client: TestClient, holder: str) -> None:
    file = desk.kept()
    address = desk.link(file, holder)
    etag = client.get(address).headers["etag"]
    for part in ("bytes=0-9", "bytes=10-99"):
        client.get(address, headers={"range": part})
    client.get(address, headers={"if-none-match": etag})
    client.get(desk.link(file, "somebody else"))
    with desk.db.read() as tx:
        noted = tx.execute(select(entries.c.by, entries.c.action, entries.c.record)).all()
    assert [tuple(one) for one in noted] == [(SYSTEM.id, "viewed", file)] * 2


def test_a_link_is_one_callers_and_ends(desk: Desk, client: TestClient, holder: str, clock: Fake) -> None:
    file = desk.kept()
    address = desk.link(file, holder)
    assert client.get(desk.link(file, "somebody else")).status_code == 410
    assert client.get(f"{web.ROOT}/x").status_code == 410
    clock.advance(61)
    answer = client.get(address)
    assert answer.status_code == 410
    assert "open the file again" in answer.json()["detail"]


def test_what_is_gone_or_damaged_is_told_by_the_status(desk: Desk, client: TestClient, holder: str) -> None:
    file, other = desk.kept(), desk.kept(BODY + b"x;y\r\n")
    with desk.db.begin() as tx:
        desk.files.drop(tx, file)
    assert client.get(desk.link(file, holder)).status_code == 404
    for path in (desk.folder / "files").rglob("*-*"):
        path.write_bytes(b"x")
    assert client.get(desk.link(other, holder)).status_code == 500


def test_an_address_names_the_caller_nowhere(desk: Desk) -> None:
    assert SYSTEM.id not in web.link(desk.links, desk.kept(), SYSTEM)
