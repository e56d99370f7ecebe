"""A free port is ours: before a server listens there, while one does, and while it is started again."""

import socket
import subprocess
import sys

import pytest

from runtime.ports import free_port


def test_servers_come_and_go_on_it() -> None:
    place = ("127.0.0.1", free_port())
    for _ in range(2):
        with socket.create_server(place):
            socket.create_connection(place).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(place)


def test_nobody_else_is_given_it() -> None:
    port = free_port()
    take = "import socket, sys; socket.socket().bind(('127.0.0.1', int(sys.argv[1])))"
    done = subprocess.run([sys.executable, "-c", take, str(port)], stderr=subprocess.PIPE, check=False)
    assert b"Address already in use" in done.stderr
    assert len({free_port() for _ in range(100)} - {port}) == 100
