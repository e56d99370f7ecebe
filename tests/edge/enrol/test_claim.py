"""A device joins at a real server with TLS: whom it believes, what it keeps, how it goes on after a cut."""

import base64
import http.server
import json
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from contracts.enrolment import Claim, Updates
from contracts.errors import Refused
from contracts.instants import DAY
from devices.ca import making
from devices.ca.authority import _pem
from edge.cli import edge
from edge.enrol import keys
from edge.enrol.claim import AGENT, join
from edge.enrol.credentials import Credentials
from edge.enrol.errors import Failure, Stranger, Turned
from edge.settings import Settings
from runtime import settings
from runtime.clock import System
from tests.edge.enrol.conftest import Office

CODE = "7K3MQ9XT2VBWH4PD"
Answer = tuple[int, Any]


class Platform:
    """A server that says what the test tells it to."""

    def __init__(self, folder: Path, office: Office) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], Answer] = lambda ask: (200, office.given(ask["csr"]))
        now = System().now()
        root_key, key = making.key(root=True), making.key()
        root = making.root(root_key, "web", now)
        between_key = making.key()
        between = making.intermediate(between_key, "web 1", now, by=root, signing=root_key)
        leaf = making.server(key, ["127.0.0.1"], now, now + DAY, by=between, signing=between_key)
        self.ca = folder / "web.pem"
        self.ca.write_text(_pem(root))
        self.pin = keys.pin(leaf.public_bytes(Encoding.DER))
        (folder / "leaf.pem").write_text(_pem(leaf) + _pem(between))
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "leaf.key").write_bytes(plain)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                ask = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append({**ask, "path": self.path})
                status, body = outer.answer(ask)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(msgspec.json.encode(body))

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "leaf.pem", folder / "leaf.key")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that turn away
        self.address = f"https://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def platform(tmp_path: Path, office: Office) -> Iterator[Platform]:
    found = Platform(tmp_path, office)
    yield found
    found.close()


def claim(platform: Platform, **changes: str) -> Claim:
    return Claim(**{"code": CODE, "server": platform.address, "pin": platform.pin, **changes})


def quiet(_: Any) -> None:
    """Neither told nor waited."""


def test_from_a_claim_to_an_agents_settings(platform: Platform, home: Path) -> None:
    given = join(claim(platform), home, told=quiet)
    (ask,) = platform.asked
    assert ask["path"] == "/api/v1/enrolments"
    assert ask["code"] == CODE
    assert {"machine", "memory_mb"} <= ask["hardware"].keys()
    assert {"agent", "python", "system"} <= ask["versions"].keys()
    assert "PRIVATE" not in json.dumps(ask)
    found = settings.load(Settings, home / AGENT, env={})
    assert (found.site, found.device) == ("bima", "kiosk-07")
    assert (found.broker.host, found.broker.port) == ("mqtt.example.id", 8_883)
    assert found.home == home.absolute()
    for file in (found.broker.key_file, found.broker.cert_file, found.broker.ca_file):
        assert file is not None
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    terms = Credentials(home).terms()
    assert terms is not None
    assert (terms.serial, terms.ends) == (given.serial, given.ends)
    context = ssl.create_default_context(cafile=found.broker.ca_file)
    context.load_cert_chain(found.broker.cert_file, found.broker.key_file)  # type: ignore[arg-type]  # there
    folders = [path for path in (home / "credentials").iterdir() if path.is_dir() and not path.is_symlink()]
    assert len(folders) == 1


def test_a_lost_answer_is_asked_for_with_the_same_request(platform: Platform, home: Path) -> None:
    good = platform.answer
    answers = iter([(503, {"detail": "being started"}), (429, {"detail": "too many"}), None])
    platform.answer = lambda ask: next(answers) or good(ask)
    waited: list[float] = []
    join(claim(platform), home, told=quiet, wait=waited.append)
    assert len({ask["csr"] for ask in platform.asked}) == 1
    assert len(waited) == 2


def test_a_process_that_was_killed_asks_with_the_same_request(platform: Platform, home: Path) -> None:
    good = platform.answer
    platform.answer = lambda ask: (403, {"detail": "this code opens nothing"})
    with pytest.raises(Turned, match="opens nothing"):
        join(claim(platform), home, told=quiet)
    platform.answer = good
    join(claim(platform), home, told=quiet)
    assert len({ask["csr"] for ask in platform.asked}) == 1


@pytest.mark.parametrize("step", ["put", "confirm"])
def test_a_kill_between_the_steps_loses_nothing(
    platform: Platform, home: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Credentials, step, killed)
        join(claim(platform), home, told=quiet)
    join(claim(platform), home, told=quiet)
    assert len({ask["csr"] for ask in platform.asked}) == 1, "the code is good for one request alone"
    assert Credentials(home).next() is None


def test_claimed_again_it_has_another_key(platform: Platform, home: Path) -> None:
    join(claim(platform), home, told=quiet)
    with (home / AGENT).open("a") as file:
        file.write("\n[log]\njson = true\n")
    join(claim(platform), home, told=quiet)
    assert len({ask["csr"] for ask in platform.asked}) == 2
    assert "json = true" in (home / f"{AGENT}.before").read_text()


def test_it_is_told_whose_versions_it_takes_and_from_where(
    platform: Platform, home: Path, office: Office
) -> None:
    keys = (base64.b64encode(bytes(range(32))).decode(),)
    source = f"{platform.address}/api/v1/agents"
    told = Updates(keys=keys, source=source, trusted=office.trusted)
    platform.answer = lambda ask: (200, msgspec.structs.replace(office.given(ask["csr"]), updates=told))
    join(claim(platform), home, told=quiet)
    found = settings.load(Settings, home / AGENT, env={}).updates
    assert (found.keys, found.source) == (keys, source)
    assert found.ca_file is not None
    assert found.ca_file.read_text() == office.trusted
    join(claim(platform), home, told=quiet)
    assert not (home / f"{AGENT}.before").exists(), "nothing would be lost"

    told = Updates(keys=keys, source=source)
    join(claim(platform, pin=""), home, ca_file=platform.ca, told=quiet)
    vouching = settings.load(Settings, home / AGENT, env={}).updates.ca_file
    assert vouching is not None
    assert vouching.read_text() == platform.ca.read_text(), "the file may be on a stick"
    assert "updates.pem" in (home / f"{AGENT}").read_text()
    told = Updates()
    join(claim(platform), home, told=quiet)
    assert settings.load(Settings, home / AGENT, env={}).updates.keys == ()
    assert keys[0] in (home / f"{AGENT}.before").read_text()

    told = Updates(keys=("no key",))
    with pytest.raises(Refused):
        join(claim(platform), home, told=quiet)


def test_a_stranger_hears_nothing(platform: Platform, home: Path) -> None:
    with pytest.raises(Stranger, match="another key"):
        join(claim(platform, pin="0" * 64), home, told=quiet)
    with pytest.raises(Stranger, match="cannot show who it is"):
        join(claim(platform, pin=""), home, told=quiet)
    with pytest.raises(Stranger, match="without TLS"):
        join(claim(platform, pin="", server="http://imm.example.id"), home, told=quiet)
    assert platform.asked == []
    join(claim(platform, pin=""), home, ca_file=platform.ca, told=quiet)
    with pytest.raises(Failure, match="nowhere"):
        join(claim(platform, pin=""), home, ca_file=home / "nowhere", told=quiet)


def test_anothers_certificate_is_not_installed(platform: Platform, home: Path, office: Office) -> None:
    other = keys.make().request
    platform.answer = lambda _: (200, office.given(other))
    with pytest.raises(Failure, match="another key's"):
        join(claim(platform), home, told=quiet)
    assert Credentials(home).terms() is None
    assert not (home / AGENT).exists()
    platform.answer = lambda _: (200, {"device": 7})
    with pytest.raises(Turned, match="cannot be read"):
        join(claim(platform), home, told=quiet)


def test_nobody_answers(home: Path) -> None:
    waited: list[float] = []
    with pytest.raises(Failure, match="does not answer"):
        join(Claim(code=CODE, server="https://127.0.0.1:1"), home, told=quiet, wait=waited.append)
    assert 60 < sum(waited) < 1_000


def test_the_command(platform: Platform, home: Path) -> None:
    text = f"imm-enrol:{CODE}?server={platform.address}&pin={platform.pin}"
    done = CliRunner().invoke(edge, ["enrol", "--folder", str(home)], input=f"{text}\n")
    assert done.exit_code == 0, done.output
    assert "kiosk-07 at bima is in the fleet" in done.output
    assert f"imm-edge kiosk --config {home / AGENT}" in done.output
    assert f"imm-edge unit kiosk --config {home / AGENT}" in done.output


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--code", "halo", "--server", "https://x"], "code"),
        (["--code", CODE], "server"),
        (["x" * 2_000], "claim"),
    ],
)
def test_the_command_says_what_is_wrong(arguments: list[str], said: str, home: Path) -> None:
    done = CliRunner().invoke(edge, ["enrol", "--folder", str(home), *arguments])
    assert done.exit_code == 1
    assert said in done.output
    assert "do:" in done.output


def test_cryptography_is_loaded_only_here() -> None:
    probe = "import edge.cli, edge.agent, edge.enrol.plug, sys; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
