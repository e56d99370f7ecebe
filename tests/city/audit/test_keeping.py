"""The desk process seals what was noted, and says in its health when it cannot."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from app.assembly import Assembly
from app.histories import HISTORIES
from app.parts import Parts
from app.processes import keeping
from app.settings import Settings, resolve
from city.audit import CITY
from city.audit import Settings as Audit
from city.db import Database, upgrade
from runtime import service
from tests.city.audit.books import entry, report


async def until(condition: Callable[[], bool], limit: float = 60.0) -> None:
    end = time.monotonic() + limit
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.02)


async def test_what_is_noted_is_sealed_and_trouble_is_told(tmp_path: Path) -> None:
    settings = resolve(Settings(data=tmp_path, audit=Audit(every=0.02)))
    db = Database.of(settings.city)
    upgrade(db, HISTORIES)
    witness = settings.audit.witness / f"{CITY}.seals"

    def healthy() -> bool | None:
        return next((part.ok for part in running[0].health.snapshot() if part.name == "audit"), None)

    running: list[service.Service] = []

    async def main(mine: service.Service) -> None:
        running.append(mine)
        async with Parts(settings, mine) as parts:
            await keeping.start(parts, Assembly(contributions=()))
            with db.begin() as tx:
                parts.audit.note(tx, entry())
            await until(lambda: report(db, settings.audit.witness).last == 1)
            await until(lambda: bool(healthy()))
            witness.write_text('{"seal":9,"hash":"00","time":1}\n')
            with db.begin() as tx:
                parts.audit.note(tx, entry(2))
            await until(lambda: healthy() is False)
            mine.stop()
            await mine.wait()

    await service.serve(main)
    db.close()
