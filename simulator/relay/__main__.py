"""`python -m simulator.relay`."""

from __future__ import annotations

import asyncio
import functools
import os
from pathlib import Path
from typing import Final

import click
import msgspec

from runtime import logs, service
from simulator.relay.commands import Command
from simulator.relay.relay import Relay

_COMMAND: Final = 4_096  # bytes of a command
_LAST_PORT: Final = 65_535


async def _hear(relay: Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Commands of one who tells, until it has no more."""
    error = ""
    try:
        while text := await reader.readline():
            try:
                await relay.obey(msgspec.json.decode(text, type=Command))
                error = ""
            except (msgspec.MsgspecError, OSError) as failure:
                error = str(failure)
            writer.write(msgspec.json.encode(msgspec.structs.replace(relay.done, error=error)) + b"\n")
            await writer.drain()
    except (OSError, ValueError):  # it hung up; a line longer than any command
        pass
    finally:
        writer.close()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > _LAST_PORT:
        raise click.BadParameter(f"{text!r}: as in 127.0.0.1:1883")
    return host, int(port)


@click.command()
@click.option("--listen", required=True, help="HOST:PORT; port 0 for a free one, which the answers name.")
@click.option("--to", required=True, help="HOST:PORT.")
@click.option("--control", required=True, type=click.Path(path_type=Path), help="Unix socket to make.")
@click.option("--seed", default=1, show_default=True, help="Of jitter and loss.")
def main(listen: str, to: str, control: Path, seed: int) -> None:
    """Pass on a TCP port until SIGTERM, as badly as the control socket is told."""
    logs.configure()
    relay = Relay(_address(listen), _address(to), seed=seed)

    async def work(running: service.Service) -> None:
        async with relay:
            young = control.with_name(f"{control.name}.new")
            before = os.umask(0o177)  # whoever may tell it is who started it
            try:
                ears = await asyncio.start_unix_server(functools.partial(_hear, relay), young, limit=_COMMAND)
            finally:
                os.umask(before)
            os.replace(young, control)  # noqa: PTH105 - it is there once it listens
            await running.stopping.wait()
            ears.close()

    service.run(work)
    control.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
