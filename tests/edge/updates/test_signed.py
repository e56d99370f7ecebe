"""Nothing runs that nobody vouches for: lists, signatures, and files that are not what was signed."""

import base64
import contextlib
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from app.cli import imm
from contracts import updates
from contracts.errors import Refused
from contracts.updates import File, List
from devices.updates import bundle
from edge.updates.errors import Away, Unsigned
from edge.updates.fetch import Source
from edge.updates.signed import checked

NAME = "imm_edge-2.0-py3-none-any.whl"


@pytest.fixture
def laid(tmp_path: Path) -> tuple[Path, str]:
    """A set as the command line makes it, and the public key."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / NAME).write_bytes(b"a wheel" * 1_000)
    (wheels / "msgspec-1.0-py3-none-any.whl").write_bytes(b"another")
    public = bundle.keygen(tmp_path / "key")
    return bundle.make("2.0", wheels, tmp_path / "key", tmp_path / "agents"), public


def test_what_was_signed_is_believed_and_nothing_else(laid: tuple[Path, str], tmp_path: Path) -> None:
    folder, public = laid
    raw, proof = (folder / updates.LIST).read_bytes(), (folder / updates.SIGNATURE).read_text()
    other = bundle.keygen(tmp_path / "other")
    files = checked(raw, proof, [other, public], sha256=bundle.digest(folder))
    assert (files.version, len(files.files)) == ("2.0", 2)
    for keys, changed, signature, digest in (
        ([other], raw, proof, ""),
        ([], raw, proof, ""),
        ([public], raw + b" ", proof, ""),
        ([public], raw.replace(b"2.0", b"2.1"), proof, ""),
        ([public], raw, base64.b64encode(b"x" * 64).decode(), ""),
        ([public], raw, proof, hashlib.sha256(b"other").hexdigest()),
    ):
        with pytest.raises(Unsigned):
            checked(changed, signature, keys, sha256=digest)
    with pytest.raises(Refused):
        checked(raw, "no base64 at all", [public])


@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_refused(raw: bytes) -> None:
    with contextlib.suppress(Refused):
        assert updates.encode(updates.decode(raw))


@pytest.mark.parametrize("name", ["../x.whl", "a/b.whl", "x.tar.gz", ".whl", "", "a b.whl"])
def test_a_name_leads_nowhere_else(name: str) -> None:
    with pytest.raises(Refused):
        File(name=name, size=1, sha256="0" * 64)


def test_a_list_is_bounded() -> None:
    one = File(name="a.whl", size=updates.LARGEST, sha256="0" * 64)
    with pytest.raises(Refused, match="twice"):
        List(version="1", files=(one, one))
    with pytest.raises(Refused, match="together"):
        List(version="1", files=(one, File(name="b.whl", size=1, sha256="0" * 64)))


@pytest.fixture
def address(laid: tuple[Path, str]) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object, **_: object) -> None:
            super().__init__(*args, directory=str(laid[0].parent))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_wheels_come_as_they_were_signed_or_not_at_all(
    laid: tuple[Path, str], address: str, tmp_path: Path
) -> None:
    folder, _ = laid
    source = Source(address, "2.0")
    files = updates.decode(source.small(updates.LIST, updates.LARGEST_LIST))
    into = tmp_path / "into"
    into.mkdir()
    assert [path.name for path in source.wheels(files, into)] == [NAME, "msgspec-1.0-py3-none-any.whl"]
    assert (into / NAME).read_bytes() == (folder / NAME).read_bytes()
    for wrong in (b"a wheex" * 1_000, b"a wheel", b"a wheel" * 2_000):
        (folder / NAME).write_bytes(wrong)
        with pytest.raises(Away, match="not the file that was signed"):
            source.wheels(files, into)
    (folder / NAME).unlink()
    with pytest.raises(Away, match="does not come"):
        source.wheels(files, into)
    with pytest.raises(Away, match="larger"):
        source.small(updates.LIST, 10)
    for elsewhere in ("file:///etc/passwd", "ftp://x", "", "x"):
        with pytest.raises(Away):
            Source(elsewhere, "2.0")


def test_versions_are_signed_on_the_command_line(tmp_path: Path) -> None:
    def run(*words: str) -> str:
        done = CliRunner().invoke(imm, ["device", "version", *words])
        return done.output + str(done.exception or "")

    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "imm_edge-3.1-py3-none-any.whl").write_bytes(b"wheel")
    key, into = str(tmp_path / "key"), str(tmp_path / "agents")
    assert "[devices.updates]" in run("key", key)
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    assert "File exists" in run("key", key)
    given = ["--wheels", str(wheels), "--key", key, "--into", into]
    assert "3.1" in run("add", "3.1", *given)
    assert "already" in run("add", "3.1", *given)
    assert "holds no imm_edge-9.9" in run("add", "9.9", *given)
