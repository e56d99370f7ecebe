"""A real process to which a citizen comes tells nobody who he is: not by its log, its figures or its data."""

import gzip
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from click.testing import CliRunner

from app.commands.backup import backup
from app.histories import HISTORIES
from app.identities import command_line
from app.settings import Settings, resolve
from city.db import Settings as Place
from runtime.ports import free_port
from tests.city.notifications.wire import Endpoint
from tests.city.privacy.plant import MAIL, NAME, NIK, PHONE, files, found, server
from tests.fixtures.postgres import Postgres
from tests.fixtures.tables import ready

LIMIT = 60.0  # seconds in which it answers
ORIGIN = {"origin": "http://localhost", "accept-language": "id"}


class Process:
    """`imm run all-in-one` on a folder, with a gateway that takes its codes."""

    def __init__(self, settings: Settings, gateway: Endpoint, log: Path) -> None:
        self.port = settings.api.port
        self.base = f"http://localhost:{self.port}"
        self.gateway = gateway
        file = settings.data.parent / "imm.toml"
        urls = {kind: settings.data.parent / f"{kind}.url" for kind in ("sms", "email")}
        for path in urls.values():
            path.write_text(gateway.url())
        providers = "".join(
            f'[[notifications.providers]]\nname = "{kind}"\nchannel = "{kind}"\nurl_file = "{path}"\n'
            for kind, path in urls.items()
        )
        file.write_text(
            f'data = "{settings.data}"\n[api]\nport = {self.port}\n[city]\nurl = "{settings.city.url}"\n'
            f'[mqtt]\nport = {free_port()}\n[broker]\nchoice = "external"\n{providers}'
        )
        command = [sys.executable, "-m", "app", "--config", str(file), "run", "all-in-one"]
        with log.open("wb") as out:
            self.running = subprocess.Popen(
                command, stdout=out, stderr=out, env={**os.environ, "IMM_LOG_LEVEL": "debug"}
            )
        self.client = httpx.Client(base_url=self.base, headers=ORIGIN | {"origin": self.base}, timeout=20)

    def wait(self) -> None:
        end = time.monotonic() + LIMIT
        while True:
            assert self.running.poll() is None, "it ended"
            assert time.monotonic() < end, "it does not answer"
            try:
                if self.client.get("/healthz").status_code:
                    return
            except httpx.TransportError:
                time.sleep(0.1)

    def stop(self) -> None:
        self.client.close()
        self.running.terminate()
        try:
            self.running.wait(20)
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait()

    def comes(self, contact: str) -> int:
        """Somebody comes by a code; the status of his last step."""
        page = self.client.post("/masuk/warga", data={"contact": contact}).text
        asked = re.search(r'name="asked" value="([^"]+)"', page)
        code = re.search(rb"\d{6}", self.gateway.requests[-1][2])
        assert asked
        assert code
        typed = {"asked": asked[1], "contact": contact, "code": code[0].decode()}
        return self.client.post("/masuk/warga/kode", data=typed).status_code


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    data = tmp_path / "data"
    monkeypatch.setenv("IMM_DATA", str(data))
    city = Place()
    if request.param == "postgresql":
        city = Place(url=request.getfixturevalue("postgres_url"))
    plain = Settings(data=data, city=city)
    made = resolve(msgspec.structs.replace(plain, api=msgspec.structs.replace(plain.api, port=free_port())))
    ready(made.city.url, HISTORIES).close()
    return made


@pytest.fixture
def process(settings: Settings, tmp_path: Path) -> Iterator[Process]:
    with Endpoint() as gateway:
        running = Process(settings, gateway, tmp_path / "process.log")
        try:
            running.wait()
            yield running
        finally:
            running.stop()


@pytest.mark.system
def test_neither_log_nor_figures_nor_data_tell_who_came(
    process: Process, settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    client = process.client
    assert [process.comes(PHONE), process.comes(MAIL), process.comes("0877-1234-0987")] == [303, 303, 303]
    process.gateway.answer = 500
    assert client.post("/masuk/warga", data={"contact": PHONE}).status_code in {429, 503}
    # What people type in wrong places: as a login, as a filter, as an address, as a body that is none.
    assert client.post("/masuk", data={"login": PHONE, "password": NIK}).status_code >= 400
    for path, query in (
        ("/api/v1/search", {"q": f"{NAME} {NIK}"}),
        ("/api/v1/incidents", {"state": NIK}),
        (f"/api/v1/incidents/{NIK}", {}),
        (f"/nowhere/{MAIL}", {"phone": PHONE}),
    ):
        assert client.get(path, params=query).status_code
    assert (
        client.post("/api/v1/incidents/x/resolve", content=f'{{"reason": "{NAME}'.encode()).status_code >= 400
    )
    key = command_line(settings).read_text().strip()
    figures = client.get("/metrics", headers={"authorization": f"Bearer {key}"})
    assert figures.status_code == 200
    assert b"imm_" in figures.content
    assert found([("metrics", figures.content)]) == []
    assert found(files(tmp_path)) == [], "data folder with database, its WAL, and the log, while it runs"
    process.stop()
    assert (tmp_path / "process.log").stat().st_size > 500
    assert found(files(tmp_path)) == []
    if settings.city.url.startswith("sqlite"):
        archive = tmp_path / "b.tar.gz"
        assert CliRunner().invoke(backup, ["create", str(archive)], obj=None).exit_code == 0
        assert found([("backup", gzip.decompress(archive.read_bytes()))]) == []
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        assert found(server(postgres, settings.city.url)) == []
