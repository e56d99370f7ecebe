"""The example of a receiver runs as it stands."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from runtime.ports import free_port
from tests.city.drill import made, put, until
from tests.city.webhooks.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made_ = Stage(f"sqlite:///{tmp_path / 'city.sqlite'}", tmp_path / "keys.json")
    yield made_
    made_.db.close()


async def test_it_takes_each_once_and_nothing_forged(stage: Stage, tmp_path: Path, root: Path) -> None:
    port, output = free_port(), tmp_path / "output"
    url = f"http://127.0.0.1:{port}/"
    mine, secret = stage.add(url)

    def start() -> subprocess.Popen[bytes]:
        with output.open("ab") as out:
            words = [
                sys.executable,
                str(root / "examples/receive_webhooks.py"),
                str(port),
                str(tmp_path / "seen"),
            ]
            return subprocess.Popen(words, stdout=out, env=os.environ | {"IMM_WEBHOOK_SECRET": secret})

    process = start()
    try:
        async with stage.delivering():
            put(stage.db, made(name="a"), made(name="b"))
            await until(lambda: stage.place(mine.id).delivered == 2)
            process.kill()
            process.wait()
            put(stage.db, made(name="c"))
            process = start()
            stage.do(stage.webhooks.rewind, mine.id, after=0)
            await until(lambda: (tmp_path / "seen").read_text().split() == ["a", "b", "c"])
        forged = {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
        answer = await asyncio.to_thread(httpx.post, url, content=b"{}", headers=forged)
        assert answer.status_code == 401
    finally:
        process.kill()
        process.wait()
    assert len(output.read_text().splitlines()) == 3
