"""A PostgreSQL server of the benchmark's own, with the durability that it has by default."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg

from runtime.ports import free_port

_STARTS: Final = 60.0  # seconds


def installed() -> bool:
    """Whether one can be started here."""
    return _program("initdb") is not None


@contextlib.contextmanager
def address(name: str, folder: Path, postgres: str | None) -> Iterator[str]:
    """Of an empty database on `sqlite` or `postgres`; empty where there is none."""
    if name == "sqlite":
        yield f"sqlite:///{folder / 'city.sqlite'}"
    elif postgres:
        yield postgres
    elif installed():
        with server() as url:
            yield url
    else:
        yield ""


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Address of an empty database on a server that ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="imm-bench-postgres-"))
    user: int | None = None
    group: int | None = None
    if os.geteuid() == 0:  # the server refuses to run as root
        account = pwd.getpwnam("postgres")
        user, group = account.pw_uid, account.pw_gid
        os.chown(folder, user, group)
    try:
        initdb = [_program("initdb") or "initdb", "-D", str(folder / "data"), "-U", "imm", "-A", "trust"]
        words = [*initdb, "-E", "UTF8", "--locale=C"]
        subprocess.run(words, check=True, capture_output=True, cwd=folder, user=user, group=group)
        port = free_port()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    _program("postgres") or "postgres",
                    *("-D", str(folder / "data"), "-p", str(port)),
                    *("-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"),
                ],
                stdout=log,
                stderr=log,
                cwd=folder,
                user=user,
                group=group,
            )
        try:
            _wait(process, port)
            yield f"postgresql+psycopg://imm@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    limit = time.monotonic() + _STARTS
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="imm", dbname="postgres").close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > limit:
                raise
            time.sleep(0.05)
        else:
            return


def _program(name: str) -> str | None:
    """The newest one that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return str(found[-1]) if found else shutil.which(name)
