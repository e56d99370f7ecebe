"""A process that works on the outbox and kills itself when it is told: `victim.py URL FILE MOMENT`."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from sqlalchemy import Connection, insert

from city.db import Database
from city.outbox import Consumer, Deliverer, Handler, Relay
from contracts.cloudevents import CloudEvent
from runtime.clock import System
from tests.city.drill import FAST, log, made, put


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, file: Path, moment: str) -> None:
    db = Database(url)

    def apply(tx: Connection, event: CloudEvent) -> None:
        tx.execute(insert(log).values(id=event.id))
        if moment == "handling" and event.id == "c":
            die()

    async def deliver(event: CloudEvent) -> None:
        with file.open("a") as out:
            out.write(f"{event.id}\n")
        if moment == "delivering" and event.id == "c":
            die()

    put(db, *[made(name=name) for name in "abc"])
    if moment == "committed":
        die()
    put(db, made(name="d"))
    consumers: list[Consumer] = [
        Handler(name="writer", apply=apply),
        Deliverer(name="sender", deliver=deliver),
    ]
    asyncio.run(Relay(db, System(), consumers, settings=FAST).run())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
